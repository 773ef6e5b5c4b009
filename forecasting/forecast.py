"""Quantiles per step from an origin → answers about any future instant."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from forecasting.errors import BadSeries
from forecasting.series import Series, Values

QUANTILES: tuple[float, ...] = (0.05, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95, 0.98, 0.99)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a predictor said at `origin` about the next `len(values)` steps.

    `origin` is the first instant that had not been seen; row i of `values` covers
    [origin + i·step, origin + (i+1)·step) and holds one column per quantile, never decreasing
    along a row, finite and not negative. Raises BadSeries otherwise, so that a broken model
    cannot hand a number on.
    """

    origin: datetime
    step: timedelta
    quantiles: tuple[float, ...]
    values: Values
    model: str

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(self.quantiles) or not values.shape[0]:
            raise BadSeries(
                f"forecast has shape {values.shape} for {len(self.quantiles)} quantiles"
            )
        if not np.isfinite(values).all() or (values < 0).any():
            raise BadSeries("forecast holds a negative or non-finite value")
        if list(self.quantiles) != sorted(self.quantiles) or (np.diff(values, axis=1) < 0).any():
            raise BadSeries("quantiles cross")
        values.flags.writeable = False
        object.__setattr__(self, "origin", self.origin.astimezone(UTC))
        object.__setattr__(self, "values", values)

    @property
    def horizon(self) -> int:
        """How many steps are covered."""
        return int(self.values.shape[0])

    @property
    def end(self) -> datetime:
        return self.origin + self.horizon * self.step

    def covers(self, moment: datetime) -> bool:
        return self.origin <= moment < self.end

    def path(self, quantile: float) -> Series:
        """One quantile over the whole horizon, linearly interpolated between stored ones."""
        return Series(self.origin, self.step, self._column(quantile))

    def at(self, moment: datetime, quantile: float) -> float | None:
        """The quantile at one instant, or None where the forecast does not reach."""
        if not self.covers(moment):
            return None
        return float(self._column(quantile)[int((moment - self.origin) // self.step)])

    def highest(self, quantile: float, start: datetime, end: datetime) -> float | None:
        """The largest quantile value over the steps that touch [start, end], or None outside."""
        first = max(0, int((start - self.origin) // self.step))
        last = min(self.horizon - 1, int((end - self.origin) // self.step))
        if first > last:
            return None
        return float(self._column(quantile)[first : last + 1].max())

    def _column(self, quantile: float) -> Values:
        if quantile in self.quantiles:
            return self.values[:, self.quantiles.index(quantile)]
        grid = np.array(self.quantiles)
        return np.array([np.interp(quantile, grid, row) for row in self.values])
