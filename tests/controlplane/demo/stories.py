"""What the tests of the demo read back, and a trace for them to replay."""

from datetime import datetime, timedelta
from pathlib import Path

from controlplane.metrics.ingest import store
from controlplane.metrics.sample import Kind
from controlplane.metrics.selectors import series
from controlplane.metrics.stores.base import Points
from controlplane.workloads.models import Workload
from forecasting.series import Series

MINUTE = timedelta(minutes=1)


def read(name: str, signal: str, now: datetime, *, quantile: float | None = None) -> Series:
    row = Workload.objects.get(name=name)
    return series(
        row.team_id,
        signal,
        any_of=row.matchers,
        span=(now - timedelta(hours=3), now),
        step=MINUTE,
        quantile=quantile,
    )


def counter(name: str, start: datetime, end: datetime) -> Points:
    """Samples (ms, count) of how many requests of a workload were answered."""
    row = Workload.objects.get(name=name)
    (found,) = (
        one
        for one in store.find(row.team_id, ["experience.e2e"])
        if one.kind is Kind.COUNT and one.labels["workload"] == name
    )
    start_ms, end_ms = (round(edge.timestamp() * 1000) for edge in (start, end))
    return store.read(row.team_id, [found.id], start_ms=start_ms, end_ms=end_ms)[found.id]


def trace(tmp_path: Path, count: int = 600, name: str = "my_clients.csv") -> Path:
    times = (datetime(2025, 5, 1) + MINUTE * index for index in range(count))  # noqa: DTZ001 - traces often say no zone
    lines = [f"{time:%Y-%m-%d %H:%M:%S},{300 + 40 * (i % 7)}" for i, time in enumerate(times)]
    path = tmp_path / name
    path.write_text("\n".join(["timestamp,requests", *lines]))
    return path
