"""The bar to beat: the last value, or the same time yesterday, with its own errors as spread."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import NotEnoughHistory
from forecasting.features import filled
from forecasting.forecast import QUANTILES, Forecast
from forecasting.series import Series, Values

LEAST = 30  # present steps
RECENT = 7 * 24 * 60  # steps of residuals that still say something about tomorrow
RECENT_PAST = 60  # steps among which a present value must be found


@dataclass(frozen=True, slots=True)
class NaivePredictor:
    """Repeats the value of `season` steps ago (1: the last value).

    `spread` (horizon, quantiles) holds residuals of square roots per step ahead: bands grow with
    the level, as they do for counted requests, without exploding after a quiet minute as logs do.
    """

    name: str
    season: int
    spread: Values

    def predict(self, history: Series, *, horizon: int) -> Forecast:
        if not (~history.tail(RECENT_PAST).missing).any():
            raise NotEnoughHistory(f"no value in the last {RECENT_PAST} steps")
        if len(history) < self.season:
            raise NotEnoughHistory(f"{self.season - len(history)} more steps make a season")
        roots = np.sqrt(filled(history)[0])
        steps = np.arange(horizon)
        back = self.season - steps % self.season
        centre = roots[roots.size - back]
        rows = np.minimum(steps, self.spread.shape[0] - 1)
        values = np.maximum(centre[:, None] + self.spread[rows], 0.0) ** 2
        return Forecast(history.end, history.step, QUANTILES, values, self.name)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        return {"name": self.name, "season": self.season}, {"spread": self.spread}

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        return cls(config["name"], int(config["season"]), arrays["spread"].astype(np.float64))


@dataclass(frozen=True, slots=True)
class LastValue:
    """The last value seen goes on; over 30 minutes little beats it."""

    name: str = "last-value"

    def fit(self, history: Series, *, horizon: int, seed: int) -> NaivePredictor:
        return _fit(self.name, history, 1, horizon)


@dataclass(frozen=True, slots=True)
class SeasonalNaive:
    """What was seen one period ago comes back."""

    name: str = "seasonal-naive"
    period: timedelta = timedelta(days=1)

    def fit(self, history: Series, *, horizon: int, seed: int) -> NaivePredictor:
        season = max(1, round(self.period / history.step))
        return _fit(self.name, history, season, horizon)


def _fit(name: str, history: Series, season: int, horizon: int) -> NaivePredictor:
    present = int((~history.missing).sum())
    needed = season + horizon + LEAST if season > 1 else horizon + LEAST // 2
    if len(history) < needed or present < LEAST // 2:
        raise NotEnoughHistory(
            f"{name} has {present} of {len(history)} steps present, {needed} are needed"
        )
    values, missing = filled(history.tail(RECENT + season))
    roots = np.sqrt(values)
    spread = np.stack([_residuals(roots, missing, season, step) for step in range(horizon)])
    return NaivePredictor(name, season, np.sort(spread, axis=1))


def _residuals(roots: Values, missing: NDArray[np.bool_], season: int, step: int) -> Values:
    """Quantiles of truth minus guess, `step` steps after the origin, in square roots."""
    back = step + 1 if season == 1 else season
    error = (roots[back:] - roots[:-back])[~missing[back:] & ~missing[:-back]]
    if error.size == 0:
        return np.zeros(len(QUANTILES))
    return np.asarray(np.quantile(error, QUANTILES), dtype=np.float64)
