"""Open actuations and every pool → what a lost message or a dead worker left behind is finished."""

from datetime import datetime, timedelta

import structlog

from controlplane.common.claims import claim
from controlplane.common.heartbeats import beat
from controlplane.decisions.actuate import execute, finish
from controlplane.decisions.actuators import actuator_for
from controlplane.decisions.models import ActuationRecord, ActuationState
from controlplane.decisions.pools import refresh_pools
from controlplane.workloads.models import Pool
from scaler.errors import ActuationError

log = structlog.get_logger(__name__)
State = ActuationState
CALL_LIMIT = timedelta(seconds=15)  # a call that has not answered by now has lost its worker
VERIFY_LIMIT = timedelta(minutes=15)


def reconcile(*, now: datetime) -> None:
    """One pass, in this order so that every row is judged by a fresh read.

    1. read every pool
    2. carry out approved rows whose hint was lost
    3. settle rows whose outcome is unknown, by reading
    4. verify applied rows: all replicas ready, or the deadline passed
    """
    refresh_pools(Pool.objects.select_related("workload"), now=now)
    for row in _rows(State.APPROVED):
        execute(row.pk, now=now)
    for row in _rows(State.EXECUTING, State.UNKNOWN):
        _settle(row, now)
    for row in _rows(State.APPLIED):
        _verify(row, now)
    beat("reconcile", now=now)


def _rows(*states: ActuationState) -> list[ActuationRecord]:
    rows = ActuationRecord.objects.filter(state__in=states).select_related("pool", "workload")
    return list(rows.order_by("created_at")[:500])


def _settle(row: ActuationRecord, now: datetime) -> None:
    if row.state == State.EXECUTING and row.claimed_at and now - row.claimed_at < CALL_LIMIT:
        return
    try:
        read = actuator_for(row.pool.kind).observe(row.pool.scale_target, now=now)
        if read.current == row.desired:
            _to(row, State.APPLIED, applied_at=now)
        elif now < row.expires_at:
            _resend(row, now)
        else:
            finish(row, State.SUPERSEDED, f"It expired while the size was {read.current}.", now)
    except ActuationError as error:
        if error.permanent:
            finish(row, State.FAILED, str(error)[:300], now)
        log.warning("reconcile.unsettled", actuation=row.public_id, error=str(error))


def _resend(row: ActuationRecord, now: datetime) -> None:
    """The same order under the same key: the provider carries it out at most once."""
    actuator_for(row.pool.kind).scale(row.pool.scale_target, row.desired, key=row.key, now=now)
    _to(row, State.APPLIED, applied_at=now)


def _verify(row: ActuationRecord, now: datetime) -> None:
    pool = row.pool
    if pool.actuations.filter(generation__gt=row.generation, state__in=_EFFECTIVE).exists():
        finish(row, State.VERIFIED, "A newer order took over.", now)
    elif pool.ready == row.desired and not pool.pending:
        finish(row, State.VERIFIED, "", now)
    elif row.applied_at and now - row.applied_at > VERIFY_LIMIT:
        finish(row, State.FAILED, f"Only {pool.ready} of {row.desired} became ready.", now)


_EFFECTIVE = (State.EXECUTING, State.UNKNOWN, State.APPLIED, State.VERIFIED)


def _to(row: ActuationRecord, state: ActuationState, **columns: object) -> None:
    claim(
        ActuationRecord.objects.all(),
        row,
        given={"state": row.state},
        then={"state": state, **columns},
    )
