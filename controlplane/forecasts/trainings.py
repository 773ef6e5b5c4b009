"""Who is trained when → a lease per workload, with patience that grows with every failure."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from controlplane.common.claims import claim
from controlplane.common.errors import Conflict
from controlplane.forecasts.models import Training
from controlplane.workloads.models import Workload
from forecasting.errors import NotEnoughHistory

RETRAIN_EVERY = timedelta(hours=6)
LEASE = timedelta(minutes=15)  # longer than a training may run: nobody is trained twice at once
LONGEST_WAIT = RETRAIN_EVERY


def due(*, now: datetime) -> "QuerySet[Workload]":
    """Workloads to train, those never tried first, then whoever has waited longest."""
    waiting = Q(training=None) | Q(training__due_at__lte=now)
    rows = Workload.objects.exclude(mode="off").filter(waiting)
    return rows.order_by(F("training__due_at").asc(nulls_first=True), "pk")


@contextmanager
def lease(
    workload: Workload, *, now: datetime, stopwatch: Callable[[], float] = time.monotonic
) -> Iterator[None]:
    """The right to train this workload; whatever ends the block is written down, and when.

    Raises Conflict when a training of it is running. A failure passes on, and makes the next
    attempt wait longer; too little history is no failure, it only has to grow.
    """
    row, began = _begin(workload, now=now), stopwatch()
    failures, due_at, trouble = row.failures, row.due_at, row.trouble
    try:
        yield
        failures, due_at, trouble = 0, now + RETRAIN_EVERY, ""
    except NotEnoughHistory as error:
        failures, due_at, trouble = 0, now + LEASE, str(error)
        raise
    except BaseException as error:
        trouble = f"{type(error).__name__}: {error}"
        raise
    finally:
        # Only our own attempt: one that lasted longer than its lease may have a successor.
        Training.objects.filter(pk=row.pk, started_at=now).update(
            ended_at=now + timedelta(seconds=stopwatch() - began),
            failures=failures,
            due_at=due_at,
            trouble=trouble[:300],
        )


def train_again(workload: Workload, *, now: datetime) -> None:
    """The model turned out to be unusable: do not wait for the usual time.

    A workload whose trainings fail keeps waiting, one that is being trained is left alone, and
    nobody is trained more often than a lease lasts.
    """
    row = Training.objects.filter(workload=workload, failures=0, ended_at__isnull=False).first()
    if row is not None and row.started_at is not None:
        soon = max(now, row.started_at + LEASE)
        Training.objects.filter(pk=row.pk, started_at=row.started_at).update(due_at=soon)


def _begin(workload: Workload, *, now: datetime) -> Training:
    """Write the training down as failed; it is taken back when it ends well."""
    row, _new = Training.objects.get_or_create(workload=workload, defaults={"due_at": now})
    started, ended = row.started_at, row.ended_at
    if started is not None and ended is None and now - started < LEASE:
        raise Conflict(
            "training.running",
            f"a training of {workload.name} began at {started:%H:%M:%S} UTC and has not ended;"
            f" if it was killed, another one may begin at {started + LEASE:%H:%M} UTC",
        )
    failures = row.failures + 1
    won = claim(
        Training.objects.all(),
        row,
        given={"started_at": started, "ended_at": ended},
        then={
            "started_at": now,
            "ended_at": None,
            "failures": failures,
            "due_at": now + min(LEASE * 2 ** min(failures - 1, 10), LONGEST_WAIT),
            "trouble": "it began and never ended: killed, or out of time or memory",
        },
    )
    if not won:
        raise Conflict("training.running", f"{workload.name} is being trained by somebody else")
    return row
