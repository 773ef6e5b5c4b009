"""What the tests of the demo read back, and a trace for them to replay."""

from datetime import datetime, timedelta
from pathlib import Path

from controlplane.metrics.selectors import series
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


def trace(tmp_path: Path, count: int = 600, name: str = "my_clients.csv") -> Path:
    times = (datetime(2025, 5, 1) + MINUTE * index for index in range(count))  # noqa: DTZ001 - traces often say no zone
    lines = [f"{time:%Y-%m-%d %H:%M:%S},{300 + 40 * (i % 7)}" for i, time in enumerate(times)]
    path = tmp_path / name
    path.write_text("\n".join(["timestamp,requests", *lines]))
    return path
