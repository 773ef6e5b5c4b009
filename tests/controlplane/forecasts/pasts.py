"""A workload and an instant → demand that it could have had, stored as samples."""

from datetime import datetime, timedelta

import numpy as np

from controlplane.metrics.ingest import Run, backfill
from controlplane.workloads.models import Workload
from forecasting.series import Values

MINUTE = timedelta(minutes=1)
DEMAND = "service.request.rate"


def wave(minutes: int, *, noise: float = 0.1, seed: int = 3) -> Values:
    """A daily wave of requests per second with noise, ending at noon."""
    at = np.arange(minutes) - minutes
    factor = np.exp(np.random.default_rng(seed).normal(0.0, noise, minutes))
    return np.asarray(50 * (1.2 + np.sin(2 * np.pi * at / 1440)) * factor, dtype=np.float64)


def lived(row: Workload, values: Values, *, until: datetime) -> None:
    """One sample of demand a minute, the last in the minute before `until`; NaN: none came."""
    stamps = np.array(
        [
            round((until - (len(values) - i - 0.5) * MINUTE).timestamp() * 1000)
            for i in range(len(values))
        ],
        np.int64,
    )
    came = np.isfinite(values)
    run = Run(DEMAND, {"workload": row.name}, stamps[came], values[came])
    backfill(row.team_id, [run], now=until)
