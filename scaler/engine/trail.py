"""Decisions and snapshots ↔ what is stored of them, enough to decide again."""

from dataclasses import replace
from typing import Any

from forecasting.forecast import Forecast

from scaler.engine import plain
from scaler.engine.decision import Decision
from scaler.engine.snapshot import Snapshot

VERSION = 1


def dump_decision(decision: Decision) -> dict[str, Any]:
    """The decision as JSON-able values."""
    return {"version": VERSION, **plain.dump(decision)}


def load_decision(stored: dict[str, Any]) -> Decision:
    """The decision again. Raises ValueError for another version."""
    decision: Decision = plain.load(Decision, _body(stored))
    return decision


def dump_snapshot(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot without its forecast, which is a row of its own and never changes."""
    return {"version": VERSION, **plain.dump(replace(snapshot, forecast=None))}


def load_snapshot(stored: dict[str, Any], forecast: Forecast | None = None) -> Snapshot:
    """The snapshot again, with the forecast it was made with."""
    snapshot: Snapshot = plain.load(Snapshot, {**_body(stored), "forecast": None})
    return replace(snapshot, forecast=forecast)


def _body(stored: dict[str, Any]) -> dict[str, Any]:
    if stored.get("version") != VERSION:
        raise ValueError(f"a trail of version {stored.get('version')!r} cannot be read")
    return {key: value for key, value in stored.items() if key != "version"}
