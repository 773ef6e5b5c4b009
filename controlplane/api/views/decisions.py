"""`/api/v1/decisions` and `/api/v1/actuations`: what was decided, why, and what came of it."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from controlplane.accounts.roles import Scope
from controlplane.api.auth import caller
from controlplane.api.schemas.common import Cursor, Instant, Limit, Page
from controlplane.api.schemas.decision import (
    ActuationOut,
    DecisionDetail,
    DecisionOut,
    actuation_out,
    decision_detail,
    decision_out,
)
from controlplane.common.errors import Missing
from controlplane.common.paging import page
from controlplane.decisions.models import ActuationRecord, DecisionRecord

router = Router(tags=["decisions"])


@router.get("/decisions", response=Page[DecisionOut])
def list_decisions(
    request: HttpRequest,
    workload: str = "",
    start: Annotated[Instant | None, Query(alias="from")] = None,
    end: Annotated[Instant | None, Query(alias="to")] = None,
    changes: bool = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:
    """Newest first; `changes=true` leaves out decisions that held the size."""
    who = caller(request, Scope.READ)
    rows = DecisionRecord.objects.filter(workload__team=who.team)
    rows = rows.select_related("workload", "forecast").defer("snapshot", "forecast__values")
    if workload:
        rows = rows.filter(workload__name=workload)
    if start:
        rows = rows.filter(at__gte=start)
    if end:
        rows = rows.filter(at__lt=end)
    if changes:
        rows = rows.filter(held=False)
    found, following = page(rows, cursor=cursor, limit=limit, scope=f"decisions:{who.team.pk}")
    return {"items": [decision_out(row) for row in found], "next": following}


@router.get("/decisions/{public_id}", response=DecisionDetail)
def get_decision(request: HttpRequest, public_id: str) -> Any:
    """One decision with everything the engine saw."""
    who = caller(request, Scope.READ)
    row = (
        DecisionRecord.objects.select_related("workload", "forecast")
        .filter(workload__team=who.team, public_id=public_id)
        .first()
    )
    if row is None:
        raise Missing("decision.missing", "There is no such decision in this team.")
    return decision_detail(row)


@router.get("/actuations", response=Page[ActuationOut])
def list_actuations(
    request: HttpRequest, workload: str = "", limit: Limit = 50, cursor: Cursor = None
) -> Any:
    """Attempts to make decisions true, newest first."""
    who = caller(request, Scope.READ)
    rows = ActuationRecord.objects.filter(workload__team=who.team)
    rows = rows.select_related("workload", "pool", "decision")
    rows = rows.defer("decision__trail", "decision__snapshot")
    if workload:
        rows = rows.filter(workload__name=workload)
    found, following = page(rows, cursor=cursor, limit=limit, scope=f"actuations:{who.team.pk}")
    return {"items": [actuation_out(row) for row in found], "next": following}
