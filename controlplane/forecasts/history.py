"""A workload → the demand series its forecasters learn from."""

from datetime import datetime, timedelta

from controlplane.metrics.selectors import series
from controlplane.workloads.models import Workload
from forecasting.series import Series, aligned

STEP = timedelta(minutes=1)
HORIZON = 30  # steps
TRAINING_SPAN = timedelta(days=14)
RECENT_SPAN = timedelta(hours=26)  # a day of season and two hours of the present


def demand(workload: Workload, *, span: timedelta, now: datetime) -> Series:
    """Demand per minute up to the last complete minute, leading gaps cut off."""
    end = aligned(now, STEP)
    found = series(
        workload.team_id,
        workload.spec.demand.signal,
        any_of=workload.matchers,
        span=(end - span, end),
        step=STEP,
    )
    present = ~found.missing
    if not present.any():
        return found.tail(0)
    return found.tail(len(found) - int(present.argmax()))
