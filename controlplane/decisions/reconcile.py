"""Open actuations and every pool → what a lost message or a dead worker left behind is finished."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from controlplane.common.heartbeats import beat
from controlplane.decisions.actuate import Row, advance, execute, finish, obstacle, rows
from controlplane.decisions.actuators import actuator_for
from controlplane.decisions.models import ActuationState
from controlplane.decisions.pools import refresh_pools
from controlplane.decisions.record import READS_LAG
from controlplane.workloads.models import Pool
from scaler.engine.snapshot import Replicas
from scaler.errors import ActuationError

log = structlog.get_logger(__name__)
State = ActuationState
CALL_LIMIT = timedelta(seconds=15)  # a call that has not answered by now has lost its worker
VERIFY_LIMIT = timedelta(minutes=15)
AT_ONCE = 500


def reconcile(*, now: datetime) -> int:
    """One pass, in this order so that every row is judged by a fresh read. How many rows failed.

    1. read every pool
    2. settle rows whose outcome is unknown, by reading: they stand in the way of newer orders
    3. carry out approved rows whose hint was lost
    4. verify applied rows: all replicas ready, or the deadline passed

    A row that fails is set aside until the next pass, so that it holds up nobody else.
    """
    refresh_pools(Pool.objects.select_related("workload"), now=now)
    failed = _each((State.EXECUTING, State.UNKNOWN), lambda row: _settle(row, now))
    failed += _each((State.APPROVED,), lambda row: execute(row.pk, now=now))
    failed += _each((State.APPLIED,), lambda row: _verify(row, now))
    beat("reconcile", now=now, detail=f"{failed} failed" if failed else "")
    return failed


def _each(states: tuple[ActuationState, ...], step: Callable[[Row], None]) -> int:
    failed = 0
    for row in list(rows().filter(state__in=states).order_by("created_at")[:AT_ONCE]):
        try:
            step(row)
        except Exception:
            failed += 1
            log.exception("reconcile.failed", actuation=row.public_id)
    return failed


def _settle(row: Row, now: datetime) -> None:
    """Read the provider and say what became of the order, or send the same order once more."""
    called = row.claimed_at or row.created_at
    answered = now - called >= CALL_LIMIT  # nothing of that call can still be on its way
    if row.state == State.EXECUTING and not answered:
        return
    try:
        read = actuator_for(row.pool.kind).observe(row.pool.scale_target, now=now)
        if read.current == row.desired:
            advance(row, State.APPLIED, applied_at=now, detail="")
        elif given_up := _given_up(row, read, now):
            if answered:
                finish(row, State.SUPERSEDED, given_up, now)
        else:
            _resend(row, now)
    except ActuationError as error:
        if error.permanent:
            finish(row, State.FAILED, str(error)[:300], now)
        log.warning("reconcile.unsettled", actuation=row.public_id, error=str(error))


def _given_up(row: Row, read: Replicas, now: datetime) -> str:
    """Why the order must not be sent again, or "" when it should be."""
    if read.current != row.before:
        return f"The size is {read.current}, neither {row.before} nor {row.desired}."
    if now >= row.expires_at:
        return f"It expired while the size was {read.current}."
    return obstacle(row)


def _resend(row: Row, now: datetime) -> None:
    """The same order under the same key: the provider carries it out at most once."""
    actuator_for(row.pool.kind).scale(row.pool.scale_target, row.desired, key=row.key, now=now)
    advance(row, State.APPLIED, applied_at=now, detail="")


def _verify(row: Row, now: datetime) -> None:
    """Applied is what the provider accepted; verified is what was seen to run."""
    pool = row.pool
    seen = None if pool.ready is None or pool.trouble else pool.ready + len(pool.pending)
    since = now - (row.applied_at or row.created_at)
    if seen == row.desired and not pool.pending:
        finish(row, State.VERIFIED, "", now)
    elif seen != row.desired and _taken_over(row):
        finish(row, State.SUPERSEDED, "A newer order took over.", now)
    elif seen is not None and seen != row.desired and since >= READS_LAG:
        finish(row, State.SUPERSEDED, f"Somebody else made the size {seen}.", now)
    elif since > VERIFY_LIMIT:
        finish(row, State.FAILED, f"Only {pool.ready} of {row.desired} became ready.", now)


def _taken_over(row: Row) -> bool:
    newer = row.pool.actuations.filter(generation__gt=row.generation)
    return newer.filter(applied_at__isnull=False).exists()
