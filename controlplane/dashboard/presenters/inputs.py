"""A stored snapshot → what the engine saw, with the age it had then. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Input:
    """One signal as the engine saw it; `age` is in seconds at the moment of the decision."""

    signal: str
    value: float | None
    age: float | None
    samples: int
    unit: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything the decision was made from, except the forecast, which is a row of its own."""

    ready: int | None
    pending: int | None
    size_age: float | None
    signals: tuple[Input, ...]
    lead: float | None
    per_replica: float | None
    paused: bool


def inputs(snapshot: Mapping[str, Any], units: Mapping[str, str]) -> Inputs:
    """`snapshot` as it is stored; parts that another version did not write are left out."""
    at = _moment(snapshot.get("at"))
    size = snapshot.get("replicas") or {}
    capacity = snapshot.get("capacity") or {}
    return Inputs(
        ready=size.get("ready"),
        pending=len(size["pending"]) if "pending" in size else None,
        size_age=_age(at, size.get("observed_at")),
        signals=tuple(_input(each, at, units) for each in snapshot.get("observations") or ()),
        lead=capacity.get("lead_time"),
        per_replica=capacity.get("per_replica"),
        paused=bool(snapshot.get("paused")),
    )


def _input(seen: Mapping[str, Any], at: datetime | None, units: Mapping[str, str]) -> Input:
    signal = str(seen.get("signal", ""))
    return Input(
        signal=signal,
        value=seen.get("value"),
        age=_age(at, seen.get("received_at")),
        samples=len(seen.get("history") or ()),
        unit=seen.get("unit") or units.get(signal, ""),
    )


def _age(at: datetime | None, then: Any) -> float | None:
    moment = _moment(then)
    return None if at is None or moment is None else max(0.0, (at - moment).total_seconds())


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None
