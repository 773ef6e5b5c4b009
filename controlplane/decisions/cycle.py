"""One workload, one instant: observe, decide, record. The file to read first."""

from datetime import datetime, timedelta
from time import monotonic

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F

from controlplane.common.heartbeats import beat
from controlplane.common.hints import hint
from controlplane.decisions import record, status
from controlplane.decisions.models import DecisionRecord, WorkloadStatus
from controlplane.decisions.observe import Look, observe
from controlplane.metrics.look import together
from controlplane.workloads.models import Workload
from scaler.engine.decide import decide
from scaler.engine.decision import Decision
from scaler.errors import NoDecision

log = structlog.get_logger(__name__)
LEAST_GAP = timedelta(milliseconds=500)
OVERTAKEN = timedelta(seconds=60)  # a look from further ahead than this had a wrong clock
BUDGET = timedelta(seconds=40)  # of a tick; its task is cut off at 45 s
EVALUATE = "controlplane.decisions.tasks.evaluate"


def run(workload: Workload, *, cause: str, now: datetime) -> DecisionRecord | None:
    """Decide about one workload.

    1. observe: rows and series → a frozen Snapshot
    2. decide: the pure engine; it may refuse (mode off, no fresh size)
    3. record: the decision, its orders and the status row, in one transaction
    4. after the commit: hints to workers, pulses to open pages

    Returns the stored decision. None when there was none to make, when a look at this instant or
    a later one is stored already, or when fresh samples only confirmed the last one.
    """
    last = WorkloadStatus.objects.filter(workload=workload).first()
    if cause != "person" and _too_soon(last, now):
        if cause == "samples" and last is not None and now >= last.at:
            hint(EVALUATE, workload.pk)  # these samples are still looked at, half a second later
        return None
    look = observe(workload, now=now)
    decision = _decide(look, now)
    seen = status.gather(workload, look, decision, last)
    try:
        with transaction.atomic():
            return _record(workload, look, decision, seen, cause=cause, now=now)
    except IntegrityError:
        log.info("cycle.doubled", workload=workload.name)  # another worker decided this instant
        return None


def _too_soon(last: WorkloadStatus | None, now: datetime) -> bool:
    """Whether the last look is so recent, or so much newer than `now`, that this one adds nothing.

    A tick over many workloads takes a while; meanwhile fresh samples may have had one of them
    looked at with a later `now`, and an older look must not overrule a newer one.
    """
    return last is not None and -OVERTAKEN < now - last.at < LEAST_GAP


def _decide(look: Look, now: datetime) -> Decision | None:
    try:
        return decide(look.snapshot, now=now)
    except NoDecision as refusal:
        log.debug("cycle.no_decision", workload=look.snapshot.workload, reason=str(refusal))
        return None


def _record(
    workload: Workload,
    look: Look,
    decision: Decision | None,
    seen: WorkloadStatus,
    *,
    cause: str,
    now: datetime,
) -> DecisionRecord | None:
    row = None
    if decision is not None and not (cause == "samples" and record.repeats(workload, decision)):
        row = record.store(workload, look.snapshot, decision, cause=cause, forecast=look.forecast)
        record.order(row, look.pools, now=now)
    status.write(seen, row)
    record.tell(workload, row)
    return row


def run_all(*, now: datetime) -> int:
    """Every workload once; one that fails is set aside until the next tick. How many failed.

    Those that were looked at longest ago come first, and a tick that runs out of time leaves the
    rest to the next one, which begins with them.
    """
    failed = left = 0
    began = monotonic()
    rows = Workload.objects.order_by(F("status__at").asc(nulls_first=True), "pk")
    with together():
        for workload in rows.prefetch_related("pools"):
            if monotonic() - began > BUDGET.total_seconds():
                left += 1
                continue
            try:
                run(workload, cause="beat", now=now)
            except Exception:
                failed += 1
                log.exception("cycle.failed", workload=workload.name)
    if left:
        log.warning("cycle.out_of_time", left=left)
    beat("cycle", now=now, detail=f"{failed} failed, {left} left" if failed or left else "")
    return failed
