"""A Decision → rows: the seam, outward. One transaction, then hints."""

import hashlib
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from controlplane.common.broker import Urgency
from controlplane.common.hints import hint
from controlplane.common.pulse import announce
from controlplane.decisions.models import ActuationRecord, ActuationState, DecisionRecord
from controlplane.forecasts.models import ForecastRecord
from controlplane.workloads.models import Pool, Workload
from scaler.capacity.placement import PoolBounds, spread
from scaler.engine import trail
from scaler.engine.decision import Decision
from scaler.engine.snapshot import Mode, Snapshot

ORDER_LIFE = timedelta(seconds=120)
READS_LAG = timedelta(seconds=60)  # a provider's reads may show the old size this long
_OPEN = (ActuationState.APPROVED, ActuationState.EXECUTING, ActuationState.UNKNOWN)


def store(
    workload: Workload,
    snapshot: Snapshot,
    decision: Decision,
    *,
    cause: str,
    forecast: ForecastRecord | None = None,
) -> DecisionRecord:
    """Write the decision as it is; a second one for the same instant raises IntegrityError."""
    binding = decision.binding
    return DecisionRecord.objects.create(
        workload=workload,
        tick=tick_of(decision.at),
        at=decision.at,
        cause=cause,
        mode=snapshot.mode.value,
        current=decision.current,
        desired=decision.desired,
        wanted=decision.wanted,
        binding=binding.name if binding else "",
        held=decision.desired == decision.current,
        trail=trail.dump_decision(decision),
        snapshot=trail.dump_snapshot(snapshot),
        forecast=forecast,
    )


def tick_of(at: datetime) -> int:
    """Unix milliseconds: what makes a doubled tick a no-op."""
    return round(at.timestamp() * 1000)


def order(
    record: DecisionRecord, pools: tuple[Pool, ...], *, now: datetime
) -> list[ActuationRecord]:
    """Actuation rows for every pool whose size must change; none unless the mode is auto.

    Must run in the transaction that stored the decision. The hint goes out after the commit.
    """
    if record.mode != Mode.AUTO.value or record.held:
        return []
    sizes = spread(record.desired, tuple(_bounds(pool) for pool in pools))
    orders = [
        _order(record, pool, size, now)
        for pool, size in zip(pools, sizes, strict=True)
        if size != _current(pool) and not _ordered_already(pool, size, now)
    ]
    for row in orders:
        transaction.on_commit(partial(hint, EXECUTE, row.pk, urgency=Urgency.HIGH))
    return orders


EXECUTE = "controlplane.decisions.tasks.execute"


def tell(workload: Workload, record: DecisionRecord | None) -> None:
    """After the commit: open pages look again."""
    team, name = workload.team_id, workload.name
    transaction.on_commit(lambda: announce("workload", team=team, ref=name))
    if record is not None and not record.held:
        ref = record.public_id
        transaction.on_commit(lambda: announce("decision", team=team, ref=ref))


def _bounds(pool: Pool) -> PoolBounds:
    return PoolBounds(pool.minimum, pool.maximum)


def _current(pool: Pool) -> int:
    return (pool.ready or 0) + len(pool.pending)


def _ordered_already(pool: Pool, size: int, now: datetime) -> bool:
    """The same order is under way, or was accepted so lately that reads may not show it yet."""
    last = pool.actuations.order_by("-generation").first()
    if last is None or last.desired != size:
        return False
    settled = last.state in {ActuationState.APPLIED, ActuationState.VERIFIED}
    lagging = settled and last.applied_at is not None and now - last.applied_at < READS_LAG
    return last.state in _OPEN or lagging


def _order(record: DecisionRecord, pool: Pool, size: int, now: datetime) -> ActuationRecord:
    newest = pool.actuations.aggregate(newest=Max("generation"))["newest"] or 0
    generation = newest + 1
    pool.actuations.filter(state=ActuationState.APPROVED).update(
        state=ActuationState.SUPERSEDED, finished_at=now, detail="A newer decision replaced it."
    )
    return ActuationRecord.objects.create(
        decision=record,
        workload_id=record.workload_id,
        pool=pool,
        generation=generation,
        key=order_key(pool, generation),
        before=_current(pool),
        desired=size,
        state=ActuationState.APPROVED,
        created_at=now,
        expires_at=now + ORDER_LIFE,
    )


def order_key(pool: Pool, generation: int) -> str:
    """The idempotency key a provider sees: one per install, scale target and generation."""
    install = hashlib.sha256(settings.SECRET_KEY.encode()).hexdigest()[:16]
    text = f"{install}|{pool.scale_target.key}|{pool.pk}|{generation}"
    return hashlib.sha256(text.encode()).hexdigest()
