"""A series → anchored windows: what a network sees and what it must say. Pure numpy.

Everything is relative to the last value seen ("anchored"): inputs are log changes against it in
units of the series' own recent variability, and the answer is the log change at each step ahead
in the same units. Expected moves of the day profile are given for the past and the future.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.seasonality import Profile
from forecasting.series import Series, Values

LEAST_SCALE = 0.02  # log units: a perfectly calm series still gets a spread of about 2 %
VARIABILITY_WINDOW = 360  # steps over which recent variability is measured
PRIOR_WEIGHT = 6  # so many changes of the usual size are always counted as seen
FURTHEST = 10.0  # scaled inputs beyond it say nothing more, and would only upset a network
PAST_CHANNELS = 3
FUTURE_CHANNELS = 3


@dataclass(frozen=True, slots=True)
class View:
    """A series as a model sees it: logs with gaps carried forward, and the usual moves.

    `usual` reaches a horizon beyond the series. `typical` is the root mean square of its changes
    over a horizon, whenever: what recent variability is measured against.
    """

    carried: Values
    missing: NDArray[np.bool_]
    usual: Values
    typical: float

    def scale(self, horizon: int) -> Values:
        """Recent variability of `horizon`-step changes before each index, shape (n,)."""
        return variability(self.carried, self.missing, horizon=horizon, typical=self.typical)


@dataclass(frozen=True, slots=True)
class Windows:
    """`past` (n, context, 3), `future` (n, horizon, 3), `target` (n, horizon), `scale` (n,).

    Channels of `past`: change against the anchor, expected move against the anchor, missing flag.
    Channels of `future`: expected move, step ahead as a share of the horizon, log of the scale.
    `target` is NaN where the future is unknown.
    """

    past: NDArray[np.float32]
    future: NDArray[np.float32]
    target: NDArray[np.float32]
    scale: Values
    anchor: Values


def filled(series: Series) -> tuple[Values, NDArray[np.bool_]]:
    """Values at or above zero with gaps carried forward, and where the gaps were."""
    values = np.maximum(series.values, 0.0)
    missing = np.isnan(values)
    if missing.all():
        return np.zeros(values.size), missing
    index = np.where(missing, 0, np.arange(values.size))
    np.maximum.accumulate(index, out=index)
    carried = values[index]
    first = int(np.argmax(~missing))
    carried[:first] = carried[first]
    return carried, missing


def unit_of(series: Series) -> float:
    """What counts as small for this series: a tenth of its mean, and never zero."""
    present = series.values[~series.missing]
    mean = float(np.maximum(present, 0.0).mean()) if present.size else 0.0
    return max(mean / 10, 1e-9)


def logs(series: Series, unit: float) -> tuple[Values, NDArray[np.bool_]]:
    """log(1 + value / unit) with gaps carried forward, and where they were.

    Like a logarithm for a service under load, and like a plain line near zero, where a logarithm
    would turn one quiet minute into an enormous change.
    """
    values, missing = filled(series)
    return np.log1p(values / unit), missing


def unlogs(values: Values, unit: float) -> Values:
    """The inverse of `logs`, never negative."""
    return np.maximum(np.expm1(values), 0.0) * unit


def view(series: Series, profile: Profile, *, beyond: int, typical: float) -> View:
    """What a predictor sees: the whole profile, up to `beyond` steps ahead."""
    ahead = series.times_ahead(len(series) + beyond)
    return View(*logs(series, profile.unit), profile.at(ahead), typical)


def typical_change(carried: Values, missing: NDArray[np.bool_], horizon: int) -> float:
    """Root mean square of all `horizon`-step changes between values that were really seen."""
    change = carried[horizon:] - carried[:-horizon]
    known = change[~missing[horizon:] & ~missing[:-horizon]]
    return max(float(np.sqrt((known**2).mean())) if known.size else 0.0, LEAST_SCALE)


def variability(
    carried: Values, missing: NDArray[np.bool_], *, horizon: int, typical: float
) -> Values:
    """Root mean square of the recent `horizon`-step changes up to each index, shape (n,).

    Changes from or to a gap do not count. The typical change counts `PRIOR_WEIGHT` times, so that
    a calm hour, or an outage that left nothing to measure, does not promise calm for ever.
    """
    change = np.zeros_like(carried)
    known = np.zeros(carried.size, dtype=bool)
    change[horizon:] = carried[horizon:] - carried[:-horizon]
    known[horizon:] = ~missing[horizon:] & ~missing[:-horizon]
    squares = np.concatenate([[0.0], np.cumsum(np.where(known, change, 0.0) ** 2)])
    counts = np.concatenate([[0], np.cumsum(known)])
    stop = np.arange(1, carried.size + 1)
    start = np.maximum(0, stop - VARIABILITY_WINDOW)
    total = squares[stop] - squares[start] + PRIOR_WEIGHT * typical**2
    mean = np.maximum(total, 0.0) / (counts[stop] - counts[start] + PRIOR_WEIGHT)
    return np.asarray(np.maximum(np.sqrt(mean), LEAST_SCALE), dtype=np.float64)


def windows(seen: View, ends: NDArray[np.int64], *, context: int, horizon: int) -> Windows:
    """One window per index in `ends`; the anchor is the value at `end - 1`."""
    scale = seen.scale(horizon)[ends - 1]
    unit, anchor = scale[:, None], seen.carried[ends - 1][:, None]
    base = seen.usual[ends - 1][:, None]
    back = ends[:, None] - context + np.arange(context)[None, :]
    at = np.maximum(back, 0)
    past = (
        (seen.carried[at] - anchor) / unit,
        (seen.usual[at] - base) / unit,
        seen.missing[at] | (back < 0),
    )
    ahead = ends[:, None] + np.arange(horizon)[None, :]
    future = (
        (seen.usual[ahead] - base) / unit,
        np.broadcast_to((np.arange(horizon) + 1) / horizon, ahead.shape),
        np.broadcast_to(np.log(unit), ahead.shape),
    )
    known = np.minimum(ahead, seen.carried.size - 1)
    unknown = (ahead >= seen.carried.size) | seen.missing[known]
    target = np.where(unknown, np.nan, (seen.carried[known] - anchor) / unit)
    return Windows(_inputs(past), _inputs(future), target.astype(np.float32), scale, anchor[:, 0])


def _inputs(channels: tuple[NDArray[np.float64] | NDArray[np.bool_], ...]) -> NDArray[np.float32]:
    stacked = np.stack([channel.astype(np.float32) for channel in channels], axis=2)
    return np.clip(stacked, -FURTHEST, FURTHEST)
