"""Decisions and actuations over HTTP."""

from datetime import datetime
from typing import Any

from ninja import Field, Schema

from controlplane.decisions.models import ActuationRecord, DecisionRecord
from scaler.engine.sentences import explain
from scaler.engine.trail import load_decision


class ActuationOut(Schema):
    id: str
    workload: str
    pool: str
    decision: str
    before: int
    desired: int
    state: str
    detail: str
    created_at: datetime
    applied_at: datetime | None
    finished_at: datetime | None


class DecisionOut(Schema):
    """One verdict with its trail."""

    id: str
    workload: str
    at: datetime
    cause: str
    mode: str
    current: int
    desired: int
    wanted: int
    binding: str | None = Field(description="the guardrail that limited the result")
    sentence: str = Field(description="the trail in words")
    forecast: str | None
    trail: dict[str, Any]


class DecisionDetail(DecisionOut):
    """The same with everything the engine saw, enough to decide again."""

    snapshot: dict[str, Any] | None = Field(
        description="null once a decision that held the size is older than six hours"
    )
    actuations: list[ActuationOut]


def decision_out(row: DecisionRecord, language: str = "en") -> dict[str, Any]:
    return {
        "id": row.public_id,
        "workload": row.workload.name,
        "at": row.at,
        "cause": row.cause,
        "mode": row.mode,
        "current": row.current,
        "desired": row.desired,
        "wanted": row.wanted,
        "binding": row.binding or None,
        "sentence": explain(load_decision(row.trail), language=language),
        "forecast": row.forecast.public_id if row.forecast else None,
        "trail": row.trail,
    }


def decision_detail(row: DecisionRecord) -> dict[str, Any]:
    actuations = row.actuations.select_related("workload", "pool", "decision")
    actuations = actuations.defer("decision__trail", "decision__snapshot")
    return {
        **decision_out(row),
        "snapshot": row.snapshot,
        "actuations": [actuation_out(each) for each in actuations],
    }


def actuation_out(row: ActuationRecord) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "workload": row.workload.name,
        "pool": row.pool.name,
        "decision": row.decision.public_id,
        "before": row.before,
        "desired": row.desired,
        "state": row.state,
        "detail": row.detail,
        "created_at": row.created_at,
        "applied_at": row.applied_at,
        "finished_at": row.finished_at,
    }
