"""`/api/v1/workloads`: specs in, specs and status out, and what people do to them."""

from datetime import timedelta
from typing import Any

from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from ninja import Body, Router, Status

from controlplane.accounts.roles import Scope
from controlplane.accounts.selectors import Caller
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
from controlplane.workloads.spec import WorkloadDocument

router = Router(tags=["workloads"])
Document = dict[str, Any]


@router.get("", response=Page[WorkloadOut])
def list_workloads(request: HttpRequest, limit: Limit = 100, cursor: Cursor = None) -> Any:
    """Every workload of the team, newest first."""
    who = caller(request, Scope.READ)
    rows = Workload.objects.filter(team=who.team).select_related("status__last_change")
    rows = rows.defer("status__last_change__trail", "status__last_change__snapshot")
    found, following = page(rows, cursor=cursor, limit=limit, scope=f"workloads:{who.team.pk}")
    forecasts = _latest_forecasts(found)
    items = [workload_out(row, _status(row), forecasts.get(row.pk)) for row in found]
    return {"items": items, "next": following}


@router.post("", response={201: WorkloadOut})
def create_workload(request: HttpRequest, response: HttpResponse, document: Body[Document]) -> Any:
    """Create a workload; 409 when the name is taken."""
    who = caller(request, Scope.ADMIN)
    parsed = _parsed(document, who)
    if Workload.objects.filter(team=who.team, name=parsed.metadata.name).exists():
        raise Conflict("workload.exists", f"{parsed.metadata.name!r} exists; change it with PUT.")
    saved = services.save_document(who.team, parsed, actor=who.actor, now=clock.now())
    response["ETag"] = saved.workload.etag
    response["Location"] = f"/api/v1/workloads/{saved.workload.name}"
    return Status(201, workload_out(saved.workload, None, None))


@router.get("/{name}", response=WorkloadOut)
def get_workload(request: HttpRequest, response: HttpResponse, name: str) -> Any:
    """One workload; the answer's ETag is what a change must send back in If-Match."""
    who = caller(request, Scope.READ)
    row = workload(who.team.pk, name)
    response["ETag"] = row.etag
    return _out(row)


@router.put("/{name}", response=WorkloadOut)
def change_workload(
    request: HttpRequest, response: HttpResponse, name: str, document: Body[Document]
) -> Any:
    """Change a workload; needs If-Match (428 without it, 412 when somebody was faster)."""
    who = caller(request, Scope.ADMIN)
    row = workload(who.team.pk, name)
    etag = _if_match(request, row)
    parsed = _parsed(document, who)
    if parsed.metadata.name != name:
        raise InvalidInput(
            "workload.name", "The name in the document differs from the path.", status=422
        )
    saved = services.save_document(who.team, parsed, actor=who.actor, now=clock.now(), etag=etag)
    response["ETag"] = saved.workload.etag
    return _out(saved.workload)


@router.delete("/{name}", response={204: None})
def delete_workload(request: HttpRequest, name: str) -> Any:
    """Forget a workload and its history; its replicas stay as they are. Needs If-Match."""
    who = caller(request, Scope.ADMIN)
    row = workload(who.team.pk, name)
    services.remove(row, actor=who.actor, now=clock.now(), etag=_if_match(request, row))
    return Status(204, None)


@router.post("/{name}/pause", response=WorkloadOut)
def pause(request: HttpRequest, response: HttpResponse, name: str) -> Any:
    """No change of size until resumed."""
    who = caller(request, Scope.SCALE)
    row = workload(who.team.pk, name)
    services.set_paused(row, paused=True, actor=who.actor, now=clock.now())
    response["ETag"] = row.etag
    return _out(row)


@router.post("/{name}/resume", response=WorkloadOut)
def resume(request: HttpRequest, response: HttpResponse, name: str) -> Any:
    """Allow changes again, and lift every override."""
    who = caller(request, Scope.SCALE)
    row = workload(who.team.pk, name)
    services.resume(row, actor=who.actor, now=clock.now())
    response["ETag"] = row.etag
    return _out(row)


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
            "decision.none", "Nothing to decide: the mode is off, or no fresh size is known."
        )
    return decision_out(row)


def _parsed(document: Document, who: Caller) -> WorkloadDocument:
    """The document of this caller's team, which it need not name."""
    metadata = document.get("metadata")
    if isinstance(metadata, dict):
        document = {**document, "metadata": {"team": who.team.slug, **metadata}}
    parsed = validate(document)
    if parsed.metadata.team != who.team.slug:
        raise InvalidInput(
            "workload.team",
            f"This token belongs to team {who.team.slug!r}, not {parsed.metadata.team!r}.",
            status=422,
        )
    return parsed


def _out(row: Workload) -> dict[str, Any]:
    return workload_out(row, _status(row), _latest_forecasts([row]).get(row.pk))


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


def _if_match(request: HttpRequest, row: Workload) -> str:
    """The version that the client read; `*` means whatever there is."""
    header = request.headers.get("If-Match", "")
    if not header:
        raise Conflict(
            "request.precondition", "Send If-Match with the ETag that GET answered.", status=428
        )
    if header.strip() == "*" or row.etag in {tag.strip() for tag in header.split(",")}:
        return row.etag
    raise services.changed_meanwhile()
