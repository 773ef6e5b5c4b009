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
    index = np.where(missing, 0, np.arange(values.size))
    np.maximum.accumulate(index, out=index)
    carried = values[index]
    first = int(np.argmax(~missing)) if (~missing).any() else 0
    carried[:first] = carried[first] if values.size else 0.0
    return np.nan_to_num(carried), missing


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


def variability(carried: Values, horizon: int) -> Values:
    """Root mean square of the recent `horizon`-step change before each index, shape (n,)."""
    change = np.zeros_like(carried)
    change[horizon:] = carried[horizon:] - carried[:-horizon]
    squares = np.concatenate([[0.0], np.cumsum(change**2)])
    stop = np.arange(1, carried.size + 1)
    start = np.maximum(0, stop - VARIABILITY_WINDOW)
    mean = (squares[stop] - squares[start]) / np.maximum(stop - start, 1)
    return np.asarray(np.maximum(np.sqrt(mean), LEAST_SCALE), dtype=np.float64)


def windows(
    series: Series, profile: Profile, ends: NDArray[np.int64], *, context: int, horizon: int
) -> Windows:
    """One window per index in `ends`; the anchor is the value at `end - 1`."""
    carried, missing = logs(series, profile.unit)
    scale = variability(carried, horizon)[ends - 1]
    anchor = carried[ends - 1]
    usual = profile.at(series.times()[0] + np.arange(carried.size + horizon) * series.seconds)
    back = ends[:, None] - context + np.arange(context)[None, :]
    seen = np.clip(back, 0, None)
    ahead = ends[:, None] + np.arange(horizon)[None, :]
    unit = scale[:, None]
    base = usual[ends - 1][:, None]
    past = np.stack(
        [
            (carried[seen] - anchor[:, None]) / unit,
            (usual[seen] - base) / unit,
            (missing[seen] | (back < 0)).astype(np.float64),
        ],
        axis=2,
    )
    lead = np.broadcast_to((np.arange(horizon) + 1) / horizon, ahead.shape)
    moves = (usual[ahead] - base) / unit
    future = np.stack([moves, lead, np.broadcast_to(np.log(unit), ahead.shape)], axis=2)
    known = np.clip(ahead, 0, carried.size - 1)
    unknown = (ahead >= carried.size) | missing[known]
    target = np.where(unknown, np.nan, (carried[known] - anchor[:, None]) / unit)
    return Windows(
        np.clip(past, -10, 10).astype(np.float32),
        np.clip(future, -10, 10).astype(np.float32),
        target.astype(np.float32),
        scale,
        anchor,
    )
