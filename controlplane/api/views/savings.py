"""`/api/v1/savings`: the ledger, hour by hour, and its sum."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from controlplane.accounts.roles import Scope
from controlplane.api.auth import caller
from controlplane.common import clock
from controlplane.costs.models import CostEntry

router = Router(tags=["costs"])


@router.get("/savings")
def savings(
    request: HttpRequest,
    start: Annotated[datetime | None, Query(alias="from")] = None,
    end: Annotated[datetime | None, Query(alias="to")] = None,
    workload: str = "",
) -> Any:
    """Cost against the declared baseline per workload; amounts are exact decimal text.

    `saved` is null until a baseline is declared, and negative when scaling cost more than it.
    """
    who = caller(request, Scope.READ)
    last = end or clock.now()
    first = start or last - timedelta(days=1)
    rows = CostEntry.objects.filter(workload__team=who.team, hour__gte=first, hour__lt=last)
    rows = rows.select_related("workload").order_by("hour")
    if workload:
        rows = rows.filter(workload__name=workload)
    by_name: dict[str, list[CostEntry]] = {}
    for row in rows:
        by_name.setdefault(row.workload.name, []).append(row)
    items = [_sum(name, entries) for name, entries in sorted(by_name.items())]
    return {"items": items, "next": None, "from": first, "to": last}


def _sum(name: str, entries: list[CostEntry]) -> dict[str, Any]:
    baseline = [row.baseline_cost for row in entries if row.baseline_cost is not None]
    cost = sum((row.cost for row in entries), Decimal(0))
    compared = sum((row.cost for row in entries if row.baseline_cost is not None), Decimal(0))
    return {
        "workload": name,
        "currency": entries[0].currency,
        "hours": len(entries),
        "replica_hours": str(sum((row.replica_hours for row in entries), Decimal(0))),
        "cost": str(cost),
        "baseline": "static-peak" if baseline else None,
        "baseline_cost": str(sum(baseline, Decimal(0))) if baseline else None,
        "saved": str(sum(baseline, Decimal(0)) - compared) if baseline else None,
    }
