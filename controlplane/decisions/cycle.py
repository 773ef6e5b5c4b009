"""One workload, one instant: observe, decide, record. The file to read first."""

from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError, transaction

from controlplane.common.heartbeats import beat
from controlplane.decisions import record, status
from controlplane.decisions.models import DecisionRecord
from controlplane.decisions.observe import Look, observe
from controlplane.workloads.models import Workload
from scaler.engine.decide import decide
from scaler.engine.decision import Decision
from scaler.errors import NoDecision

log = structlog.get_logger(__name__)
LEAST_GAP = timedelta(milliseconds=500)


def run(workload: Workload, *, cause: str, now: datetime) -> DecisionRecord | None:
    """Decide about one workload.

    1. observe: rows and series → a frozen Snapshot
    2. decide: the pure engine; it may refuse (mode off, no fresh size)
    3. record: the decision, its orders and the status row, in one transaction
    4. after the commit: hints to workers, pulses to open pages

    Returns the stored decision, or None when there was none to make.
    """
    if _just_decided(workload, now):
        return None
    look = observe(workload, now=now)
    decision = _decide(look, now)
    try:
        with transaction.atomic():
            return _record(workload, look, decision, cause=cause, now=now)
    except IntegrityError:
        log.info("cycle.doubled", workload=workload.name)  # another worker decided this instant
        return None


def _just_decided(workload: Workload, now: datetime) -> bool:
    return DecisionRecord.objects.filter(workload=workload, at__gt=now - LEAST_GAP).exists()


def _decide(look: Look, now: datetime) -> Decision | None:
    try:
        return decide(look.snapshot, now=now)
    except NoDecision as refusal:
        log.debug("cycle.no_decision", workload=look.snapshot.workload, reason=str(refusal))
        return None


def _record(
    workload: Workload, look: Look, decision: Decision | None, *, cause: str, now: datetime
) -> DecisionRecord | None:
    row = None
    if decision is not None:
        row = record.store(workload, look.snapshot, decision, cause=cause, forecast=look.forecast)
        record.order(row, look.pools, now=now)
    status.write(workload, look, decision, row)
    record.tell(workload, row)
    return row


def run_all(*, now: datetime) -> int:
    """Every workload once; one that fails is set aside until the next tick. How many failed."""
    failed = 0
    for workload in Workload.objects.prefetch_related("pools"):
        try:
            run(workload, cause="beat", now=now)
        except Exception:
            failed += 1
            log.exception("cycle.failed", workload=workload.name)
    beat("cycle", now=now, detail=f"{failed} failed" if failed else "")
    return failed
