"""Snapshots for tests: a calm Monday noon, of which each test changes what it is about."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from forecasting.forecast import Forecast
from scaler.engine.settings import PolicyParams
from scaler.engine.snapshot import (
    Bounds,
    Capacity,
    Memory,
    Mode,
    Observation,
    Past,
    Replicas,
    Snapshot,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STEP = timedelta(seconds=15)
GPU = "infra.gpu.utilization"
RUNNING = "service.requests.running"
DEMAND = "service.request.rate"
UNITS = {GPU: "1", RUNNING: "{request}", DEMAND: "{request}/s"}


def ago(**parts: float) -> datetime:
    """That long before noon."""
    return NOON - timedelta(**parts)


def seen(signal: str, *values: float | None, **changes: Any) -> Observation:
    """These values 15 s apart, the last one at noon; None is a sample that did not come."""
    times = [NOON - STEP * (len(values) - 1 - index) for index in range(len(values))]
    history = tuple((at, v) for at, v in zip(times, values, strict=True) if v is not None)
    plain = {
        "value": values[-1],
        "received_at": NOON,
        "interval": STEP,
        "history": history,
        "unit": UNITS.get(signal, ""),
    }
    return Observation(signal, **{**plain, **changes})


def steady(signal: str, value: float, *, minutes: float = 20, **changes: Any) -> Observation:
    """The same value for so long."""
    return seen(signal, *[value] * (round(minutes * 4) + 1), **changes)


def remembered(wanted: int, *, minutes: float = 6, every: float = 15, **changes: Any) -> Memory:
    """The same wish, decision after decision, for so long."""
    count = round(minutes * 60 / every)
    past = tuple(Past(ago(seconds=every * index), wanted) for index in range(count, 0, -1))
    return Memory(past, **{"every": timedelta(seconds=every), **changes})


def look(*policies: PolicyParams, **changes: Any) -> Snapshot:
    """Ten ready replicas of at most a hundred, decided about automatically.

    `ready` and `pending` are numbers, `seen` the observations, `bounds` a pair.
    """
    ready, pending = changes.pop("ready", 10), changes.pop("pending", 0)
    soon = (NOON + timedelta(minutes=2),)
    low, high = changes.pop("bounds", (1, 100))
    plain: dict[str, Any] = {
        "workload": "chat-7b",
        "at": NOON,
        "mode": Mode.AUTO,
        "replicas": Replicas(ready, soon * pending, NOON),
        "bounds": Bounds(low, high),
        "capacity": Capacity(per_replica=12, slots=8),
        "observations": changes.pop("seen", ()),
        "policies": policies,
        "memory": remembered(1),
    }
    return Snapshot(**{**plain, **changes})


def forecast(*demand: float, spread: float = 0.0, **changes: Any) -> Forecast:
    """One value a minute from noon on; the 0.98 quantile lies `spread` above the others."""
    rows = [[each, each, each + spread, each + spread] for each in demand]
    plain: dict[str, Any] = {
        "origin": NOON,
        "step": timedelta(minutes=1),
        "quantiles": (0.5, 0.9, 0.98, 0.99),
        "values": np.array(rows),
        "model": "lstm",
    }
    return Forecast(**{**plain, **changes})
