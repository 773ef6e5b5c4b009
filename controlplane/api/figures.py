"""Rows → our own metrics: facts that other processes wrote, and that no counter here has."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import ceil

from django.db.models import Count, QuerySet
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from controlplane.accounts.models import Team
from controlplane.common.heartbeats import heartbeats
from controlplane.decisions.models import ActuationRecord, DecisionRecord, WorkloadStatus

RECENT = timedelta(hours=1)
QUANTILES = (0.5, 0.9, 0.99)
Row = tuple[Sequence[str], float]


class RowsCollector(Collector):
    """Loops of the installation; decisions, actuations and workloads of one team."""

    def __init__(self, team: Team, *, now: datetime) -> None:
        self._team, self._now = team, now

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Every family, read from the database now."""
        yield _gauge(
            "tidewise_loop_last_success_timestamp_seconds",
            "When each loop last finished well.",
            ("loop",),
            [((loop,), at.timestamp()) for loop, at in sorted(heartbeats().items())],
        )
        decisions = self._of_team(DecisionRecord.objects.filter(at__gt=self._now - RECENT))
        yield _gauge(
            "tidewise_decisions_last_hour",
            "Decisions of the last hour by mode and whether they held the size.",
            ("mode", "held"),
            _counted(decisions, "mode", "held"),
        )
        actuations = self._of_team(ActuationRecord.objects.all())
        yield _gauge(
            "tidewise_actuations",
            "Stored actuations by state.",
            ("state",),
            _counted(actuations, "state"),
        )
        yield self._reactions()
        yield from self._workloads()

    def _of_team(self, rows: "QuerySet[DecisionRecord] | QuerySet[ActuationRecord]") -> "QuerySet":  # type: ignore[type-arg]  # either of the two
        return rows.filter(workload__team=self._team)

    def _reactions(self) -> GaugeMetricFamily:
        """Nearest ranks, without interpolation; nothing at all when nothing was ordered."""
        rows = self._of_team(ActuationRecord.objects.filter(applied_at__gt=self._now - RECENT))
        pairs = rows.values_list("decision__at", "applied_at")
        taken = sorted((applied - at).total_seconds() for at, applied in pairs)
        return _gauge(
            "tidewise_reaction_seconds_last_hour",
            "From a decision to its applied order, quantiles over the orders of the last hour.",
            ("quantile",),
            [((str(share),), taken[ceil(share * len(taken)) - 1]) for share in QUANTILES if taken],
        )

    def _workloads(self) -> Iterable[GaugeMetricFamily]:
        rows = WorkloadStatus.objects.filter(workload__team=self._team)
        found = list(rows.values_list("workload__name", "health", "ready", "desired"))
        yield _gauge(
            "tidewise_workload_health",
            "1 for the workload's present health.",
            ("workload", "health"),
            [((name, health), 1.0) for name, health, _ready, _desired in found],
        )
        yield _gauge(
            "tidewise_workload_replicas_ready",
            "Ready replicas; absent while unknown.",
            ("workload",),
            [((name,), float(ready)) for name, _, ready, _ in found if ready is not None],
        )
        yield _gauge(
            "tidewise_workload_replicas_desired",
            "Replicas that the last decision wants; absent while there is none.",
            ("workload",),
            [((name,), float(desired)) for name, _, _, desired in found if desired is not None],
        )


def _counted(rows: "QuerySet", *columns: str) -> list[Row]:  # type: ignore[type-arg]  # any rows
    counts = rows.order_by().values_list(*columns).annotate(count=Count("pk"))
    return [([str(value).lower() for value in row[:-1]], float(row[-1])) for row in counts]


def _gauge(name: str, text: str, labels: Sequence[str], rows: Iterable[Row]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family
