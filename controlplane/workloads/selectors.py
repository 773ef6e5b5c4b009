"""Reads of workloads, always within one team."""

from collections.abc import Sequence

from controlplane.common.errors import Missing
from controlplane.workloads.models import Workload


def workload(team_id: int, name: str) -> Workload:
    """One workload of the team, or Missing: another team's row looks like no row."""
    row = Workload.objects.prefetch_related("pools").filter(team_id=team_id, name=name).first()
    if row is None:
        raise Missing("workload.missing", f"There is no workload {name[:80]!r} in this team.")
    return row


def workloads(team_id: int) -> Sequence[Workload]:
    """Every workload of the team with its pools, in two queries."""
    return list(Workload.objects.filter(team_id=team_id).prefetch_related("pools"))
