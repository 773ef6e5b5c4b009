"""A fitted predictor and the past it never saw → scores, without looking ahead."""

import numpy as np

from forecasting.accuracy import SCORED, Scores, coverage, weighted_quantile_loss
from forecasting.errors import NotEnoughHistory
from forecasting.interface import Predictor
from forecasting.series import Series, Values

MOST_ORIGINS = 120


def evaluate(
    predictor: Predictor,
    series: Series,
    *,
    start: int,
    horizon: int,
    origins: int = MOST_ORIGINS,
) -> Scores:
    """Predict from origins spread evenly over `series[start:]`, hold against what came.

    Each origin sees the series up to itself and nothing after. Raises NotEnoughHistory when not
    one origin has a value to be held against.
    """
    last = len(series) - horizon
    if last < start:
        raise NotEnoughHistory(f"{start + horizon - len(series)} more steps are needed to score")
    at = np.unique(np.linspace(start, last, min(origins, last - start + 1)).astype(int))
    actual, predicted = [], []
    for origin in at.tolist():
        seen = series.cut(end=series.start + origin * series.step)
        forecast = predictor.predict(seen, horizon=horizon)
        actual.append(series.values[origin : origin + horizon])
        predicted.append(np.stack([forecast.path(q).values for q in SCORED], axis=1))
    return score(np.concatenate(actual), np.concatenate(predicted))


def score(actual: Values, predicted: Values) -> Scores:
    """`actual` (n,) against `predicted` (n, len(SCORED))."""
    present = np.isfinite(actual)
    if not present.any():
        raise NotEnoughHistory("the held-out part holds no value at all")
    error = np.abs(actual[present] - predicted[present, 0]).mean()
    return Scores(
        wql=weighted_quantile_loss(actual, predicted, SCORED),
        coverage_95=coverage(actual, predicted[:, SCORED.index(0.95)]),
        median_error=float(error / max(float(np.abs(actual[present]).mean()), 1e-9)),
        origins=int(actual.size),
    )
