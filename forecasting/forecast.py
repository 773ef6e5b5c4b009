"""Quantiles per step from an origin → answers about any future instant."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np

from forecasting.errors import BadSeries
from forecasting.series import Series, Values

QUANTILES: tuple[float, ...] = (0.05, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95, 0.98, 0.99)


@dataclass(frozen=True, slots=True, eq=False)
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
        if self.origin.tzinfo is None or self.step <= timedelta(0):
            raise BadSeries("a forecast needs an aware origin and a positive step")
        if values.ndim != 2 or values.shape[1] != len(self.quantiles) or not values.size:
            raise BadSeries(
                f"forecast has shape {values.shape} for {len(self.quantiles)} quantiles"
            )
        if not np.isfinite(values).all() or (values < 0).any():
            raise BadSeries("forecast holds a negative or non-finite value")
        if not _ascending(self.quantiles):
            raise BadSeries(f"quantiles must rise between 0 and 1, got {self.quantiles}")
        if (np.diff(values, axis=1) < 0).any():
            raise BadSeries("quantiles cross")
        values.flags.writeable = False
        object.__setattr__(self, "origin", self.origin.astimezone(UTC))
        object.__setattr__(self, "values", values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Forecast):
            return NotImplemented
        return self._identity() == other._identity() and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        return hash(self._identity())

    @property
    def horizon(self) -> int:
        """How many steps are covered."""
        return int(self.values.shape[0])

    @property
    def end(self) -> datetime:
        """The first instant that is not covered."""
        return self.origin + self.horizon * self.step

    def covers(self, moment: datetime) -> bool:
        """Whether `moment` lies in one of the steps."""
        return self.origin <= moment < self.end

    def path(self, quantile: float) -> Series:
        """One quantile over the whole horizon, interpolated between stored ones.

        Beyond the outermost stored quantiles nothing is known: their values stand in.
        """
        return Series(self.origin, self.step, self._column(quantile))

    def at(self, moment: datetime, quantile: float) -> float | None:
        """The quantile at one instant, or None where the forecast does not reach."""
        if not self.covers(moment):
            return None
        return float(self._column(quantile)[(moment - self.origin) // self.step])

    def highest(self, quantile: float, start: datetime, end: datetime) -> float | None:
        """The largest quantile value over the steps that touch [start, end], or None outside.

        A span that begins before the origin or ends after the horizon is judged by what is
        covered of it; ask `covers` where that is not enough.
        """
        first = max(0, (start - self.origin) // self.step)
        last = min(self.horizon - 1, (end - self.origin) // self.step)
        if first > last:
            return None
        return float(self._column(quantile)[first : last + 1].max())

    def _column(self, quantile: float) -> Values:
        if not 0 < quantile < 1:
            raise BadSeries(f"a quantile lies between 0 and 1, got {quantile}")
        if quantile in self.quantiles:  # the usual case, five times as fast
            return self.values[:, self.quantiles.index(quantile)]
        at = np.interp(quantile, self.quantiles, np.arange(len(self.quantiles)))
        left = int(at)
        right = min(left + 1, len(self.quantiles) - 1)
        low, high = self.values[:, left], self.values[:, right]
        return np.asarray(low + (at - left) * (high - low), dtype=np.float64)

    def _identity(self) -> tuple[datetime, timedelta, tuple[float, ...], str]:
        return (self.origin, self.step, self.quantiles, self.model)


def _ascending(quantiles: tuple[float, ...]) -> bool:
    edges = (0.0, *quantiles, 1.0)
    return all(left < right for left, right in pairwise(edges))
