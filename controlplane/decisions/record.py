"""A Decision → rows: the seam, outward. One transaction, then hints."""

import hashlib
from collections.abc import Sequence
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

EXECUTE = "controlplane.decisions.tasks.execute"
ORDER_LIFE = timedelta(seconds=120)
READS_LAG = timedelta(seconds=60)  # a provider's reads may show the old size this long
AFTER_FAILURE = timedelta(minutes=5)  # a provider that said no is not asked again sooner
State = ActuationState
_OPEN = (State.APPROVED, State.EXECUTING, State.UNKNOWN)


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
        revision=workload.revision,
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


def repeats(workload: Workload, decision: Decision) -> bool:
    """Whether the decision holds the size for the same reasons as the last one that was stored.

    Samples may come every second and say the same thing; it is stored once in the time of a beat,
    so that the memory of what was wanted has no hole.
    """
    if decision.change:
        return False
    last = DecisionRecord.objects.filter(workload=workload).order_by("-at")
    columns = ("held", "current", "wanted", "binding", "at")
    found = last.values_list(*columns).first()
    if found is None or decision.at - found[-1] >= timedelta(seconds=settings.CYCLE_SECONDS):
        return False
    binding = decision.binding
    same = (True, decision.current, decision.wanted, binding.name if binding else "")
    return tuple(found[:-1]) == same


def order(
    record: DecisionRecord, pools: tuple[Pool, ...], *, now: datetime
) -> list[ActuationRecord]:
    """Actuation rows for every pool whose size must change; none unless the mode is auto.

    Must run in the transaction that stored the decision. Orders of earlier decisions that nobody
    has carried out yet and that this one does not confirm are superseded, also when it holds the
    size. The hints go out after the commit.
    """
    sizes = tuple(_current(pool) for pool in pools) if record.held else _placed(record, pools)
    wanted = {pool.pk: size for pool, size in zip(pools, sizes, strict=True)}
    latest = _latest(pools)
    _supersede(
        [
            row
            for row in latest.values()
            if row.state == State.APPROVED and row.desired != wanted[row.pool_id]
        ],
        now,
    )
    if record.mode != Mode.AUTO.value or record.held:
        return []
    orders = [
        _order(record, pool, wanted[pool.pk], latest.get(pool.pk), now)
        for pool in pools
        if _must_ask(pool, wanted[pool.pk], latest.get(pool.pk), now)
    ]
    for row in ActuationRecord.objects.bulk_create(orders):
        transaction.on_commit(partial(hint, EXECUTE, row.pk, urgency=Urgency.HIGH))
    return orders


def _placed(record: DecisionRecord, pools: tuple[Pool, ...]) -> tuple[int, ...]:
    return spread(record.desired, tuple(PoolBounds(pool.minimum, pool.maximum) for pool in pools))


def _latest(pools: Sequence[Pool]) -> dict[int, ActuationRecord]:
    """Each pool's newest order, by the pool's key."""
    newest = (
        ActuationRecord.objects.filter(pool__in=pools)
        .values("pool")
        .annotate(newest=Max("pk"))
        .values("newest")
    )
    return {row.pool_id: row for row in ActuationRecord.objects.filter(pk__in=newest)}


def _supersede(rows: list[ActuationRecord], now: datetime) -> None:
    if rows:
        ActuationRecord.objects.filter(
            pk__in=[row.pk for row in rows], state=State.APPROVED
        ).update(
            state=State.SUPERSEDED, finished_at=now, detail="A newer decision wants another size."
        )


def tell(workload: Workload, record: DecisionRecord | None) -> None:
    """After the commit: open pages look again."""
    team, name = workload.team_id, workload.name
    transaction.on_commit(lambda: announce("workload", team=team, ref=name))
    if record is not None and not record.held:
        ref = record.public_id
        transaction.on_commit(lambda: announce("decision", team=team, ref=ref))


def _current(pool: Pool) -> int:
    return (pool.ready or 0) + len(pool.pending)


def _must_ask(pool: Pool, size: int, last: ActuationRecord | None, now: datetime) -> bool:
    """Whether `size` is a change that nobody ordered yet and the provider did not just refuse."""
    if size == _current(pool):
        return False
    return last is None or not (_ordered_already(last, size, now) or _refused(last, size, now))


def _ordered_already(last: ActuationRecord, size: int, now: datetime) -> bool:
    """The same order is under way, or was accepted so lately that reads may not show it yet."""
    if last.desired != size:
        return False
    settled = last.state in {State.APPLIED, State.VERIFIED}
    lagging = settled and last.applied_at is not None and now - last.applied_at < READS_LAG
    return last.state in _OPEN or lagging


def _refused(last: ActuationRecord, size: int, now: datetime) -> bool:
    """As much, or more of the same, failed a moment ago; a smaller step may still be tried."""
    if last.state != State.FAILED or last.finished_at is None:
        return False
    if now - last.finished_at >= AFTER_FAILURE:
        return False
    return size >= last.desired > last.before or size <= last.desired < last.before


def _order(
    record: DecisionRecord, pool: Pool, size: int, last: ActuationRecord | None, now: datetime
) -> ActuationRecord:
    generation = last.generation + 1 if last else 1
    return ActuationRecord(
        decision=record,
        workload_id=record.workload_id,
        pool=pool,
        generation=generation,
        key=order_key(record, pool, generation),
        before=_current(pool),
        desired=size,
        state=State.APPROVED,
        created_at=now,
        expires_at=now + ORDER_LIFE,
    )


def order_key(record: DecisionRecord, pool: Pool, generation: int) -> str:
    """The idempotency key a provider sees: one per install, decision, scale target and generation.

    The decision's random id keeps a database that was restored from a backup, or begun anew, from
    repeating a key: the provider would take the new order for one it carried out long ago.
    """
    install = hashlib.sha256(settings.SECRET_KEY.encode()).hexdigest()[:16]
    text = f"{install}|{record.public_id}|{pool.scale_target.key}|{generation}"
    return hashlib.sha256(text.encode()).hexdigest()
