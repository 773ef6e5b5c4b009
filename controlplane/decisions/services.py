"""A person asks for a look at a workload now."""

from datetime import datetime

from controlplane.decisions import cycle
from controlplane.decisions.models import DecisionRecord
from controlplane.workloads.models import Workload


def evaluate_now(workload: Workload, *, now: datetime) -> DecisionRecord | None:
    """Decide at once; None when nothing could be decided (mode off, size unknown)."""
    return cycle.run(workload, cause="person", now=now)
