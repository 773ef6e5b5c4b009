"""The hourly ledger of a team → sums per workload, and per day."""

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncDay

from controlplane.costs.models import CostEntry
from controlplane.dashboard.presenters.ledger import Sums

_COMPARED = Q(baseline_cost__isnull=False)
_SUMS: dict[str, Any] = {
    "paid": Sum("cost"),
    "compared": Sum("cost", filter=_COMPARED),
    "base": Sum("baseline_cost"),
    "hours": Sum("replica_hours"),
    "base_hours": Sum("baseline_replica_hours"),
    "seen": Sum("covered"),
}


def sums(team: int, start: datetime, end: datetime) -> tuple[Sums, ...]:
    """One entry a workload and currency, by name; one query."""
    rows = _entries(team, start, end).values("workload__name", "currency")
    return tuple(
        _sums(row, row["workload__name"])
        for row in rows.annotate(**_SUMS).order_by("workload__name", "currency")
    )


def by_day(
    team: int, start: datetime, end: datetime, zone: tzinfo
) -> tuple[tuple[date, Sums], ...]:
    """One entry a day of the reader's calendar, workload and currency; one query."""
    days = _entries(team, start, end).annotate(day=TruncDay("hour", tzinfo=zone))
    rows = days.values("day", "workload__name", "currency").annotate(**_SUMS)
    return tuple(
        (row["day"].date(), _sums(row, row["workload__name"]))
        for row in rows.order_by("day", "workload__name", "currency")
    )


def midnight(now: datetime, zone: tzinfo) -> datetime:
    """When the reader's day began."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _entries(team: int, start: datetime, end: datetime) -> "QuerySet[CostEntry]":
    return CostEntry.objects.filter(workload__team_id=team, hour__gte=start, hour__lt=end)


def _sums(row: Mapping[str, Any], workload: str) -> Sums:
    return Sums(
        workload=workload,
        currency=row["currency"],
        cost=row["paid"] or Decimal(0),
        compared=row["compared"],
        baseline=row["base"],
        replica_hours=row["hours"] or Decimal(0),
        covered_hours=float(row["seen"] or 0),
        baseline_hours=row["base_hours"],
    )
