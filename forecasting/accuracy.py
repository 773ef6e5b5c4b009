"""Forecasts and what came → scores: pinball, weighted quantile loss, coverage. Pure numpy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasting.series import Values

SCORED: tuple[float, ...] = (0.5, 0.9, 0.95, 0.99)


def pinball(actual: Values, predicted: Values, quantile: float) -> Values:
    """The loss that the true quantile minimises; shapes as given, NaN where actual is missing."""
    error = actual - predicted
    return np.asarray(np.maximum(quantile * error, (quantile - 1) * error), dtype=np.float64)


def weighted_quantile_loss(actual: Values, predicted: Values, quantiles: Sequence[float]) -> float:
    """Mean over quantiles of 2 x pinball / total actual; `predicted` has a column per quantile.

    gluonts and the M5 competition use the same definition. NaN when nothing came. Where only
    zeros came there is no total to divide by, and the undivided loss still ranks forecasts.
    """
    present = np.isfinite(actual)
    if not present.any():
        return float("nan")
    losses = [
        2 * float(pinball(actual[present], predicted[present, column], quantile).sum())
        for column, quantile in enumerate(quantiles)
    ]
    loss, total = float(np.mean(losses)), float(np.abs(actual[present]).sum())
    return loss / total if total > 0 else loss


def coverage(actual: Values, predicted: Values) -> float:
    """The share of present values at or below the predicted quantile."""
    present = np.isfinite(actual)
    return float((actual[present] <= predicted[present]).mean()) if present.any() else float("nan")


@dataclass(frozen=True, slots=True)
class Scores:
    """How forecasts did against what came: `wql` is relative to the mean demand, lower is better.

    `median_error` is the mean absolute error of the median over the mean of what came.
    """

    wql: float
    coverage_95: float
    median_error: float
    origins: int

    def plain(self) -> dict[str, Any]:
        """JSON-able, rounded to five significant digits."""
        return {
            "wql": float(f"{self.wql:.5g}"),
            "coverage_95": float(f"{self.coverage_95:.5g}"),
            "median_error": float(f"{self.median_error:.5g}"),
            "origins": self.origins,
        }
