"""`/api/v1/forecasts` and `/api/v1/models`: what is coming, and who says so."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from controlplane.accounts.roles import Scope
from controlplane.api.auth import caller
from controlplane.api.schemas.common import Cursor, Limit, Page
from controlplane.common.paging import page
from controlplane.forecasts.models import ForecastRecord, ModelVersion

router = Router(tags=["forecasts"])


class ForecastOut(Schema):
    """Quantiles per step: `values[i][j]` is quantile j over step i, in the signal's unit."""

    id: str
    workload: str
    signal: str
    model: str
    version: str | None
    origin: datetime
    step_seconds: float
    quantiles: list[float]
    values: list[list[float]]


class ModelOut(Schema):
    id: str
    workload: str
    name: str
    number: int
    state: str
    reason: str
    scores: dict[str, Any]
    history_start: datetime
    history_end: datetime
    fit_seconds: float
    trained_at: datetime


@router.get("/forecasts", response=Page[ForecastOut])
def list_forecasts(
    request: HttpRequest, workload: str = "", limit: Limit = 10, cursor: Cursor = None
) -> Any:
    """Issued forecasts, newest first."""
    who = caller(request, Scope.READ)
    rows = ForecastRecord.objects.filter(workload__team=who.team)
    rows = rows.select_related("workload", "version")
    if workload:
        rows = rows.filter(workload__name=workload)
    found, following = page(rows, cursor=cursor, limit=limit, scope=f"forecasts:{who.team.pk}")
    return {"items": [_forecast(row) for row in found], "next": following}


@router.get("/models", response=Page[ModelOut])
def list_models(
    request: HttpRequest, workload: str = "", limit: Limit = 50, cursor: Cursor = None
) -> Any:
    """Trained models with the scores of everything they were held against."""
    who = caller(request, Scope.READ)
    rows = ModelVersion.objects.filter(workload__team=who.team).select_related("workload")
    if workload:
        rows = rows.filter(workload__name=workload)
    found, following = page(rows, cursor=cursor, limit=limit, scope=f"models:{who.team.pk}")
    return {"items": [_model(row) for row in found], "next": following}


def _forecast(row: ForecastRecord) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "workload": row.workload.name,
        "signal": row.signal,
        "model": row.model,
        "version": row.version.public_id if row.version else None,
        "origin": row.origin,
        "step_seconds": row.step_seconds,
        "quantiles": row.quantiles,
        "values": row.values,
    }


def _model(row: ModelVersion) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "workload": row.workload.name,
        "name": row.name,
        "number": row.number,
        "state": row.state,
        "reason": row.reason,
        "scores": row.scores,
        "history_start": row.history_start,
        "history_end": row.history_end,
        "fit_seconds": row.fit_seconds,
        "trained_at": row.trained_at,
    }
