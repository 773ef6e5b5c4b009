"""A series → its daily profile: what this time of day usually looks like. Pure numpy.

The profile is learnt in log space from the deviation of each value from a day's moving level, so
that a growing service and a shrinking one have the same shape.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from forecasting.series import Series, Values

DAY = timedelta(days=1)
SMOOTHING = 3  # neighbouring slots averaged on each side: one odd minute is not a habit


@dataclass(frozen=True, slots=True)
class Profile:
    """Usual log deviation from the day's level per time of day; `slots` covers one UTC day."""

    slots: Values
    seconds: float  # of one slot
    unit: float  # values are measured in it before the logarithm is taken

    def at(self, times: Values) -> Values:
        """Deviation at Unix times (s), shape as given."""
        index = np.floor(times % 86400 / self.seconds).astype(np.int64) % self.slots.size
        return np.asarray(self.slots[index], dtype=np.float64)


def day_profile(series: Series, unit: float) -> Profile:
    """The mean log deviation per slot over all whole days; flat when there is under one day."""
    seconds = series.seconds
    count = max(1, round(DAY.total_seconds() / seconds))
    flat = Profile(np.zeros(count), seconds, unit)
    if len(series) < count:
        return flat
    logs = np.log1p(np.maximum(series.values, 0.0) / unit)
    deviation = logs - _level(logs, count)
    slot = np.floor(series.times() % 86400 / seconds).astype(np.int64) % count
    present = np.isfinite(deviation)
    hits = np.bincount(slot[present], minlength=count)
    total = np.bincount(slot[present], weights=deviation[present], minlength=count)
    mean = np.where(hits > 0, total / np.maximum(hits, 1), 0.0)
    return Profile(_smooth(mean, max(SMOOTHING, round(900 / seconds))), seconds, unit)


def _level(logs: Values, window: int) -> Values:
    """Centred mean over one day, ignoring what is missing."""
    present = np.isfinite(logs)
    kernel = np.ones(min(window, logs.size))
    total = np.convolve(np.where(present, logs, 0.0), kernel, mode="same")
    hits = np.convolve(present.astype(np.float64), kernel, mode="same")
    return np.asarray(np.where(hits > 0, total / np.maximum(hits, 1), np.nan), dtype=np.float64)


def _smooth(profile: Values, reach: int) -> Values:
    """Circular moving average over `reach` slots on each side."""
    width = 2 * min(reach, profile.size // 4) + 1
    around = np.concatenate([profile[-(width // 2) :], profile, profile[: width // 2]])
    return np.asarray(np.convolve(around, np.ones(width) / width, mode="valid"), dtype=np.float64)
