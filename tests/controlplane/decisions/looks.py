"""Rows for tests of the loop: samples, decisions and orders as the loop itself would write them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from controlplane.decisions import record
from controlplane.decisions.models import ActuationRecord, DecisionRecord
from controlplane.decisions.observe import observe
from controlplane.metrics.ingest import accept_own
from controlplane.workloads.models import Workload
from scaler.engine.decision import Decision, Stage


def push(workload: Workload, signal: str, values: Iterable[float], *, until: datetime) -> None:
    """Samples of one signal, 15 s apart, the last one at `until`, received as they were made."""
    found = list(values)
    for number, value in enumerate(found, start=1):
        at = until - timedelta(seconds=15) * (len(found) - number)
        accept_own(workload.team_id, [(signal, {"workload": workload.name}, value)], now=at)


def verdict(workload: Workload, desired: int, *, now: datetime, current: int = 5) -> Decision:
    """A decision for that size, as if a policy had asked for it."""
    start = Decision(workload.name, now, current, current, current)
    moved = start.moved(by="combine", to=desired, reason="combine.largest", stage=Stage.COMBINE)
    return moved.settled(desired)


def decided(
    workload: Workload, desired: int, *, now: datetime, current: int | None = None
) -> tuple[DecisionRecord, list[ActuationRecord]]:
    """A stored decision for that size and the orders it made."""
    workload = Workload.objects.get(pk=workload.pk)
    look = observe(workload, now=now)
    replicas = look.snapshot.replicas
    seen = replicas.current if replicas else 0
    decision = verdict(workload, desired, now=now, current=seen if current is None else current)
    row = record.store(workload, look.snapshot, decision, cause="beat")
    return row, record.order(row, look.pools, now=now)


def ordered(workload: Workload, desired: int, *, now: datetime) -> ActuationRecord:
    """The only order of a fresh decision for that size."""
    (order,) = decided(workload, desired, now=now)[1]
    return order
