"""`/api/v1/workloads`: specs in, specs and status out, and what people do to them."""

from datetime import timedelta
from typing import Any

from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from ninja import Body, Router

from controlplane.accounts.roles import Scope
from controlplane.api.auth import caller
from controlplane.api.schemas.common import Cursor, Limit, Page
from controlplane.api.schemas.decision import DecisionOut, decision_out
from controlplane.api.schemas.workload import (
    OverrideIn,
    OverrideOut,
    WorkloadOut,
    workload_out,
)
from controlplane.common import clock
from controlplane.common.errors import Conflict, InvalidInput
from controlplane.common.paging import page
from controlplane.decisions.models import WorkloadStatus
from controlplane.decisions.services import evaluate_now
from controlplane.forecasts.models import ForecastRecord
from controlplane.workloads import services
from controlplane.workloads.models import Workload
from controlplane.workloads.parse import validate
from controlplane.workloads.selectors import workload

router = Router(tags=["workloads"])
Document = dict[str, Any]


@router.get("", response=Page[WorkloadOut])
def list_workloads(request: HttpRequest, limit: Limit = 100, cursor: Cursor = None) -> Any:
    """Every workload of the team, newest first."""
    who = caller(request, Scope.READ)
    rows = Workload.objects.filter(team=who.team).select_related("status__last_change")
    found, following = page(rows, cursor=cursor, limit=limit, scope=f"workloads:{who.team.pk}")
    forecasts = _latest_forecasts(found)
    items = [workload_out(row, _status(row), forecasts.get(row.pk)) for row in found]
    return {"items": items, "next": following}


@router.post("", response={201: WorkloadOut})
def create_workload(request: HttpRequest, document: Body[Document]) -> Any:
    """Create a workload; 409 when the name is taken."""
    who = caller(request, Scope.ADMIN)
    parsed = validate(document)
    _same_team(parsed.metadata.team, who.team.slug)
    if Workload.objects.filter(team=who.team, name=parsed.metadata.name).exists():
        raise Conflict("workload.exists", f"{parsed.metadata.name!r} exists; change it with PUT.")
    saved = services.save_document(who.team, parsed, actor=who.actor, now=clock.now())
    return 201, workload_out(saved.workload, None, None)


@router.get("/{name}", response=WorkloadOut)
def get_workload(request: HttpRequest, response: HttpResponse, name: str) -> Any:
    """One workload; the answer's ETag is what a change must send back in If-Match."""
    who = caller(request, Scope.READ)
    row = workload(who.team.pk, name)
    response["ETag"] = row.etag
    return workload_out(row, _status(row), _latest_forecasts([row]).get(row.pk))


@router.put("/{name}", response=WorkloadOut)
def change_workload(
    request: HttpRequest, response: HttpResponse, name: str, document: Body[Document]
) -> Any:
    """Change a workload; needs If-Match (428 without it, 412 when somebody was faster)."""
    who = caller(request, Scope.ADMIN)
    parsed = validate(document)
    _same_team(parsed.metadata.team, who.team.slug)
    if parsed.metadata.name != name:
        raise InvalidInput(
            "workload.name", "The name in the document differs from the path.", status=422
        )
    workload(who.team.pk, name)
    etag = _if_match(request)
    saved = services.save_document(who.team, parsed, actor=who.actor, now=clock.now(), etag=etag)
    response["ETag"] = saved.workload.etag
    return workload_out(saved.workload, _status(saved.workload), None)


@router.delete("/{name}", response={204: None})
def delete_workload(request: HttpRequest, name: str) -> Any:
    """Forget a workload and its history; its replicas stay as they are. Needs If-Match."""
    who = caller(request, Scope.ADMIN)
    row = workload(who.team.pk, name)
    if _if_match(request) != row.etag:
        raise Conflict("workload.changed", "It changed since you read it.", status=412)
    services.remove(row, actor=who.actor, now=clock.now())
    return 204, None


@router.post("/{name}/pause", response=WorkloadOut)
def pause(request: HttpRequest, name: str) -> Any:
    """No change of size until resumed."""
    return _pause(request, name, paused=True)


@router.post("/{name}/resume", response=WorkloadOut)
def resume(request: HttpRequest, name: str) -> Any:
    """Allow changes again, and lift every override."""
    return _pause(request, name, paused=False)


@router.post("/{name}/override", response=OverrideOut)
def override(request: HttpRequest, name: str, wish: OverrideIn) -> Any:
    """Pin a size, or freeze the present one, until it expires."""
    who = caller(request, Scope.SCALE)
    return services.place_override(
        workload(who.team.pk, name),
        size=wish.size,
        lasting=timedelta(seconds=wish.duration_seconds),
        actor=who.actor,
        now=clock.now(),
        reason=wish.reason,
    )


@router.post("/{name}/evaluate", response=DecisionOut)
def evaluate(request: HttpRequest, name: str) -> Any:
    """Decide now; 409 when nothing can be decided (mode off, or the size is not known)."""
    who = caller(request, Scope.SCALE)
    row = evaluate_now(workload(who.team.pk, name), now=clock.now())
    if row is None:
        raise Conflict(
            "decision.none", "Nothing to decide: mode is off, or no fresh size is known."
        )
    return decision_out(row)


def _pause(request: HttpRequest, name: str, *, paused: bool) -> Any:
    who = caller(request, Scope.SCALE)
    row = workload(who.team.pk, name)
    now = clock.now()
    services.set_paused(row, paused=paused, actor=who.actor, now=now)
    if not paused:
        services.lift_overrides(row, now=now)
    return workload_out(row, _status(row), None)


def _status(row: Workload) -> WorkloadStatus | None:
    return getattr(row, "status", None)


def _latest_forecasts(rows: list[Workload]) -> dict[int, ForecastRecord]:
    """The newest forecast of each workload, in one query."""
    newest = ForecastRecord.objects.filter(workload=OuterRef("pk")).order_by("-origin").values("pk")
    ids = (
        Workload.objects.filter(pk__in=[row.pk for row in rows])
        .annotate(newest=Subquery(newest[:1]))
        .values_list("newest", flat=True)
    )
    found = ForecastRecord.objects.filter(pk__in=[pk for pk in ids if pk])
    return {row.workload_id: row for row in found}


def _if_match(request: HttpRequest) -> str:
    etag = request.headers.get("If-Match", "")
    if not etag:
        raise Conflict(
            "request.precondition", "Send If-Match with the ETag that GET answered.", status=428
        )
    return etag


def _same_team(named: str, own: str) -> None:
    if named != own:
        raise InvalidInput(
            "workload.team", f"This token belongs to team {own!r}, not {named!r}.", status=422
        )
