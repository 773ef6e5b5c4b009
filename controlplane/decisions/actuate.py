"""An approved actuation → an order at the provider, at most once (promises 7.3)."""

from datetime import datetime, timedelta
from time import monotonic
from typing import TypeAlias, TypedDict

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django_stubs_ext import WithAnnotations

from controlplane.common.claims import claim
from controlplane.common.hints import hint
from controlplane.common.pulse import announce
from controlplane.decisions.actuators import actuator_for
from controlplane.decisions.models import ActuationRecord, ActuationState
from controlplane.decisions.pools import refresh_pool
from controlplane.workloads.models import TeamPause, Workload
from scaler.engine.snapshot import Mode
from scaler.errors import ActuationError

log = structlog.get_logger(__name__)
EVALUATE = "controlplane.decisions.tasks.evaluate"
State = ActuationState
NEWER = "A newer decision replaced it."
STOPPED = "Scaling was paused or switched off."
CHANGED = "The workload's document changed after the decision."


def execute(actuation_id: int, *, now: datetime) -> None:
    """Walk one row from approved to applied.

    1. refuse when it is superseded, expired, or a person stopped scaling
    2. read the provider; a size the decision did not know means somebody else was here
    3. claim the row by compare-and-swap, all of 1. in the same statement, and commit
    4. call once; a definite refusal is failed, anything unclear is unknown and settled by reading
    """
    later = _Later(now)
    row = rows().filter(pk=actuation_id, state=State.APPROVED).first()
    if row is None or _refuse(row, now) or not _still_true(row, now):
        return
    if not _claim(row, later.now):
        return
    _call(row, later)
    refresh_pool(row.pool, now=later.now)
    hint(EVALUATE, row.workload_id)  # so that the status shows what is starting now
    announce("workload", team=row.workload.team_id, ref=row.workload.name)


class _Facts(TypedDict):
    overtaken: bool  # the pool has an order of a newer decision
    team_paused: bool


Row: TypeAlias = "WithAnnotations[ActuationRecord, _Facts]"


class _Later:
    """`now` while providers take their time: the given instant plus what has passed since."""

    def __init__(self, now: datetime) -> None:
        self._given, self._began = now, monotonic()

    @property
    def now(self) -> datetime:
        return self._given + timedelta(seconds=monotonic() - self._began)


def rows() -> "QuerySet[Row]":
    """Actuations with what their execution and settlement need."""
    overtaken = ActuationRecord.objects.filter(
        pool=OuterRef("pool"), generation__gt=OuterRef("generation")
    )
    paused = TeamPause.objects.filter(team=OuterRef("workload__team"))
    return (
        ActuationRecord.objects.select_related("pool__workload", "workload", "decision")
        .defer("decision__trail", "decision__snapshot")
        .annotate(overtaken=Exists(overtaken), team_paused=Exists(paused))
    )


def obstacle(row: Row) -> str:
    """Why a row of `rows` may not be carried out (any more), or "" when nothing stands in its way.

    Lateness is not one of them: it has a state of its own.
    """
    if row.overtaken:
        return NEWER
    if row.workload.paused_by or row.workload.mode != Mode.AUTO.value or row.team_paused:
        return STOPPED
    return CHANGED if row.decision.revision != row.workload.revision else ""


def _refuse(row: Row, now: datetime) -> bool:
    """Ends the row with a reason when it may not be carried out; True when it did."""
    reason = obstacle(row)
    if reason:
        return finish(row, State.SUPERSEDED, reason, now)
    if now >= row.expires_at:
        return finish(row, State.EXPIRED, "No worker picked it up in time.", now)
    return False


def _still_true(row: ActuationRecord, now: datetime) -> bool:
    """Whether the provider still has the size that the decision assumed."""
    try:
        read = actuator_for(row.pool.kind).observe(row.pool.scale_target, now=now)
    except ActuationError as error:
        log.warning("actuate.read_failed", actuation=row.public_id, error=str(error))
        if error.permanent:
            finish(row, State.FAILED, str(error)[:300], now)
        return False  # else it stays approved: the reconcile tick tries again until it expires
    if read.current == row.before:
        return True
    finish(row, State.SUPERSEDED, f"The size was {read.current}, not {row.before}.", now)
    return False


def _claim(row: ActuationRecord, now: datetime) -> bool:
    """Take the row, if everything that allowed it still holds in this very statement.

    The conditions on other tables are EXISTS and not joins: a join would move the state into a
    subquery, which PostgreSQL does not look at again after waiting for the other worker's UPDATE.
    """
    allowed = Workload.objects.filter(
        ~Exists(TeamPause.objects.filter(team=OuterRef("team"))),
        pk=OuterRef("workload_id"),
        paused_by="",
        mode=Mode.AUTO.value,
        revision=row.decision.revision,
    )
    newer = ActuationRecord.objects.filter(
        pool=OuterRef("pool_id"), generation__gt=OuterRef("generation")
    )
    try:
        with transaction.atomic():
            return claim(
                ActuationRecord.objects.filter(Exists(allowed), ~Exists(newer)),
                row,
                given={"state": State.APPROVED, "expires_at__gt": now},
                then={"state": State.EXECUTING, "claimed_at": now},
            )
    except IntegrityError:
        return False  # another order of this pool is still running


def _call(row: ActuationRecord, later: _Later) -> None:
    target, actuator = row.pool.scale_target, actuator_for(row.pool.kind)
    try:
        actuator.scale(target, row.desired, key=row.key, now=later.now)
    except ActuationError as error:
        state = State.FAILED if error.permanent else State.UNKNOWN
        log.warning("actuate.failed", actuation=row.public_id, state=state, error=str(error))
        ended = later.now if error.permanent else None
        advance(row, state, detail=str(error)[:300], finished_at=ended)
        return
    log.info("actuate.applied", actuation=row.public_id, before=row.before, desired=row.desired)
    advance(row, State.APPLIED, applied_at=later.now)


def advance(row: ActuationRecord, state: State, **columns: object) -> bool:
    """On from the state it was read in; False when somebody else settled the row meanwhile."""
    return claim(
        ActuationRecord.objects.all(),
        row,
        given={"state": row.state},
        then={"state": state, **columns},
    )


def finish(row: ActuationRecord, state: State, detail: str, now: datetime) -> bool:
    """End the row from whatever state it was read in; True for use in conditions."""
    advance(row, state, detail=detail, finished_at=now)
    return True
