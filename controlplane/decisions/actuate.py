"""An approved actuation → an order at the provider, at most once (promises 7.3)."""

from datetime import datetime

import structlog
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from controlplane.common import clock
from controlplane.common.claims import claim
from controlplane.common.pulse import announce
from controlplane.decisions.actuators import actuator_for
from controlplane.decisions.models import ActuationRecord, ActuationState
from controlplane.decisions.pools import refresh_pool
from controlplane.workloads.models import TeamPause
from scaler.engine.snapshot import Mode
from scaler.errors import ActuationError

log = structlog.get_logger(__name__)
State = ActuationState


def execute(actuation_id: int, *, now: datetime) -> None:
    """Walk one row from approved to applied.

    1. refuse when it is superseded, expired, or a person stopped scaling
    2. read the provider; a size the decision did not know means somebody else was here
    3. claim the row by compare-and-swap and commit, before the call
    4. call once; a definite refusal is failed, anything unclear is unknown and settled by reading
    """
    row = _rows().filter(pk=actuation_id, state=State.APPROVED).first()
    if row is None or _refuse(row, now) or not _still_true(row, now):
        return
    if not _claim(row, now):
        return
    _call(row, now)
    refresh_pool(row.pool, now=clock.now())
    announce("workload", team=row.workload.team_id, ref=row.workload.name)


def _rows() -> "QuerySet[ActuationRecord]":
    return ActuationRecord.objects.select_related("pool", "workload", "decision")


def _refuse(row: ActuationRecord, now: datetime) -> bool:
    """Ends the row with a reason when it may not be carried out; True when it did."""
    if row.pool.actuations.filter(generation__gt=row.generation).exists():
        return finish(row, State.SUPERSEDED, "A newer decision replaced it.", now)
    if now >= row.expires_at:
        return finish(row, State.EXPIRED, "No worker picked it up in time.", now)
    if row.workload.paused_by or row.workload.mode != Mode.AUTO.value or _team_paused(row):
        return finish(row, State.SUPERSEDED, "Scaling was paused or switched off.", now)
    return False


def _team_paused(row: ActuationRecord) -> bool:
    return TeamPause.objects.filter(team_id=row.workload.team_id).exists()


def _still_true(row: ActuationRecord, now: datetime) -> bool:
    """Whether the provider still has the size that the decision assumed."""
    try:
        read = actuator_for(row.pool.kind).observe(row.pool.scale_target, now=now)
    except ActuationError as error:
        log.warning("actuate.read_failed", actuation=row.public_id, error=str(error))
        return False  # stays approved: the reconcile tick tries again until it expires
    if read.current == row.before:
        return True
    finish(row, State.SUPERSEDED, f"The size was {read.current}, not {row.before}.", now)
    return False


def _claim(row: ActuationRecord, now: datetime) -> bool:
    try:
        with transaction.atomic():
            return claim(
                ActuationRecord.objects.all(),
                row,
                given={"state": State.APPROVED},
                then={"state": State.EXECUTING, "claimed_at": now},
            )
    except IntegrityError:
        return False  # another order of this pool is still running


def _call(row: ActuationRecord, now: datetime) -> None:
    try:
        actuator_for(row.pool.kind).scale(row.pool.scale_target, row.desired, key=row.key, now=now)
    except ActuationError as error:
        state = State.FAILED if error.permanent else State.UNKNOWN
        log.warning("actuate.failed", actuation=row.public_id, state=state, error=str(error))
        _advance(row, state, detail=str(error)[:300], finished_at=now if error.permanent else None)
        return
    log.info("actuate.applied", actuation=row.public_id, before=row.before, desired=row.desired)
    _advance(row, State.APPLIED, applied_at=now)


def _advance(row: ActuationRecord, state: State, **columns: object) -> bool:
    """From executing on; False when a reconciler settled the row meanwhile."""
    return claim(
        ActuationRecord.objects.all(),
        row,
        given={"state": State.EXECUTING},
        then={"state": state, **columns},
    )


def finish(row: ActuationRecord, state: State, detail: str, now: datetime) -> bool:
    """End the row from whatever state it was read in; True for use in conditions."""
    claim(
        ActuationRecord.objects.all(),
        row,
        given={"state": row.state},
        then={"state": state, "detail": detail, "finished_at": now},
    )
    return True
