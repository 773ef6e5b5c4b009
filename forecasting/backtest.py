"""A fitted predictor and the past it never saw → what it would have said, and scores.

Nothing here looks ahead: each origin is predicted from the series cut at that origin.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.accuracy import SCORED, Scores, coverage, weighted_quantile_loss
from forecasting.errors import NotEnoughHistory
from forecasting.interface import Predictor
from forecasting.series import Series, Values

MOST_ORIGINS = 240


@dataclass(frozen=True, slots=True)
class Rolled:
    """`actual` (origins, horizon) against `predicted` (origins, horizon, quantiles of SCORED)."""

    actual: Values
    predicted: Values


def evaluate(
    predictor: Predictor,
    series: Series,
    *,
    start: int,
    horizon: int,
    origins: int = MOST_ORIGINS,
) -> Scores:
    """Predict from origins spread evenly over `series[start:]`, hold against what came.

    Raises NotEnoughHistory when not one origin has a value to be held against.
    """
    return score(
        roll(
            predictor,
            series,
            origins=spread_evenly(start, len(series) - horizon, most=origins),
            horizon=horizon,
        )
    )


def spread_evenly(first: int, last: int, *, most: int) -> tuple[int, ...]:
    """At most `most` whole numbers from `first` to `last`, both included.

    Raises NotEnoughHistory when there is none.
    """
    if last < first:
        raise NotEnoughHistory(f"{first - last} more steps are needed to score a forecast")
    return tuple(np.unique(np.linspace(first, last, min(most, last - first + 1)).astype(int)))


def roll(predictor: Predictor, series: Series, *, origins: Sequence[int], horizon: int) -> Rolled:
    """Predict from each origin; those with no recent past at all are left out.

    Every predictor refuses the same origins (`series.require_recent`), so scores stay comparable.
    """
    actual, predicted = [], []
    for origin in origins:
        seen = series.cut(end=series.start + int(origin) * series.step)
        try:
            forecast = predictor.predict(seen, horizon=horizon)
        except NotEnoughHistory:
            continue
        actual.append(series.values[origin : origin + horizon])
        predicted.append(np.stack([forecast.path(q).values for q in SCORED], axis=1))
    if not actual:
        raise NotEnoughHistory("the held-out part begins with a gap that never ends")
    return Rolled(np.stack(actual), np.stack(predicted))


def score(rolled: Rolled) -> Scores:
    """One set of scores over all origins and steps. Raises NotEnoughHistory without a value."""
    actual = rolled.actual.reshape(-1)
    predicted = rolled.predicted.reshape(-1, len(SCORED))
    present = np.isfinite(actual)
    if not present.any():
        raise NotEnoughHistory("the held-out part holds no value at all")
    error = np.abs(actual[present] - predicted[present, 0]).mean()
    return Scores(
        wql=weighted_quantile_loss(actual, predicted, SCORED),
        coverage_95=coverage(actual, predicted[:, SCORED.index(0.95)]),
        median_error=float(error / max(float(np.abs(actual[present]).mean()), 1e-9)),
        origins=len(rolled.actual),
    )
