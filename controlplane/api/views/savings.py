"""`/api/v1/savings`: the ledger, hour by hour, and its sum."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from controlplane.accounts.roles import Scope
from controlplane.api.auth import caller
from controlplane.api.schemas.common import Instant, Page
from controlplane.common import clock
from controlplane.common.errors import InvalidInput
from controlplane.costs.models import CostEntry
from controlplane.workloads.selectors import workload as find_workload

router = Router(tags=["costs"])


class Saving(Schema):
    """One workload in one currency; amounts are exact decimal text."""

    workload: str
    currency: str
    hours: int = Field(description="hours with at least one counted minute")
    covered_hours: float = Field(description="how much of them was observed")
    replica_hours: str
    cost: str
    baseline: str | None = Field(description="null until a baseline is declared")
    baseline_cost: str | None
    saved: str | None = Field(description="negative when scaling cost more than the baseline")


class Savings(Page[Saving]):
    """The ledger's sums over a span; hours that begin in it count."""

    start: datetime = Field(alias="from")
    end: datetime = Field(alias="to")


@router.get("/savings", response=Savings, by_alias=True)
def savings(
    request: HttpRequest,
    start: Annotated[Instant | None, Query(alias="from")] = None,
    end: Annotated[Instant | None, Query(alias="to")] = None,
    workload: str = "",
) -> Any:
    """Cost against the declared baseline, per workload.

    Without `from` and `to` the last 24 hours. Only time in which replicas were observed counts,
    on both sides.
    """
    who = caller(request, Scope.READ)
    last = end or clock.now()
    first = start or last - timedelta(days=1)
    if first >= last:
        raise InvalidInput("query.span", "from must be before to.", status=422)
    rows = CostEntry.objects.filter(workload__team=who.team, hour__gte=first, hour__lt=last)
    rows = rows.select_related("workload").defer("workload__document").order_by("hour")
    if workload:
        rows = rows.filter(workload=find_workload(who.team.pk, workload))
    grouped: dict[tuple[str, str], list[CostEntry]] = {}
    for row in rows:
        grouped.setdefault((row.workload.name, row.currency), []).append(row)
    items = [_sum(*key, entries) for key, entries in sorted(grouped.items())]
    return {"items": items, "next": None, "from": first, "to": last}


def _sum(name: str, currency: str, entries: list[CostEntry]) -> dict[str, Any]:
    baseline = [row.baseline_cost for row in entries if row.baseline_cost is not None]
    cost = sum((row.cost for row in entries), Decimal(0))
    compared = sum((row.cost for row in entries if row.baseline_cost is not None), Decimal(0))
    return {
        "workload": name,
        "currency": currency,
        "hours": len(entries),
        "covered_hours": round(sum(row.covered for row in entries), 4),
        "replica_hours": str(sum((row.replica_hours for row in entries), Decimal(0))),
        "cost": str(cost),
        "baseline": "static-peak" if baseline else None,
        "baseline_cost": str(sum(baseline, Decimal(0))) if baseline else None,
        "saved": str(sum(baseline, Decimal(0)) - compared) if baseline else None,
    }
