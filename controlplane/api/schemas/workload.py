"""A workload over HTTP: the spec in, spec and status out."""

from datetime import datetime
from typing import Any, Literal

from ninja import Field, Schema

from controlplane.api.schemas.common import Input
from controlplane.decisions.models import WorkloadStatus
from controlplane.forecasts.models import ForecastRecord
from controlplane.workloads.models import Workload


class ReplicaStatus(Schema):
    desired: int | None
    ready: int | None
    pending: int | None


class ForecastBrief(Schema):
    model: str
    origin: datetime
    end_median: float = Field(description="median demand at the end of the horizon")
    end_p95: float = Field(description="95th percentile of the same")


class DecisionBrief(Schema):
    id: str
    at: datetime
    current: int
    desired: int


class StatusOut(Schema):
    health: Literal["ok", "risk", "stale", "waiting", "off"]
    observed_at: datetime | None
    replicas: ReplicaStatus
    figures: dict[str, Any]
    forecast: ForecastBrief | None
    last_decision: DecisionBrief | None


class WorkloadOut(Schema):
    """The document as applied, and what was last seen."""

    name: str
    revision: int
    etag: str
    paused: bool
    apiVersion: str  # noqa: N815 - the document's own spelling
    kind: str
    metadata: dict[str, Any]
    spec: dict[str, Any]
    status: StatusOut


class OverrideIn(Input):
    """Pin a size, or freeze the present one by leaving `size` out."""

    size: int | None = Field(None, ge=0, le=100_000)
    duration_seconds: float = Field(ge=1, le=7 * 86400)
    reason: str = Field("", max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")


class OverrideOut(Schema):
    size: int | None
    until: datetime
    by: str
    reason: str


def workload_out(
    row: Workload, status: WorkloadStatus | None, forecast: ForecastRecord | None
) -> dict[str, Any]:
    """Rows → the answer."""
    document = row.document
    return {
        "name": row.name,
        "revision": row.revision,
        "etag": row.etag,
        "paused": bool(row.paused_by),
        "apiVersion": document["apiVersion"],
        "kind": document["kind"],
        "metadata": document["metadata"],
        "spec": document["spec"],
        "status": _status(status, forecast),
    }


def _status(status: WorkloadStatus | None, forecast: ForecastRecord | None) -> dict[str, Any]:
    change = status.last_change if status else None
    figures = dict(status.figures) if status else {}
    figures.pop("sparkline", None)
    figures.pop("spark_at", None)
    return {
        "health": status.health if status else "waiting",
        "observed_at": status.at if status else None,
        "replicas": {
            "desired": status.desired if status else None,
            "ready": status.ready if status else None,
            "pending": status.pending if status else None,
        },
        "figures": figures,
        "forecast": _forecast(forecast),
        "last_decision": change
        and {
            "id": change.public_id,
            "at": change.at,
            "current": change.current,
            "desired": change.desired,
        },
    }


def _forecast(row: ForecastRecord | None) -> dict[str, Any] | None:
    if row is None:
        return None
    last = row.forecast
    return {
        "model": row.model,
        "origin": row.origin,
        "end_median": float(last.path(0.5).values[-1]),
        "end_p95": float(last.path(0.95).values[-1]),
    }
