"""The bar to beat: the last value, or the same time yesterday, with its own errors as spread."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import NotEnoughHistory
from forecasting.features import filled
from forecasting.forecast import QUANTILES, Forecast
from forecasting.models.serving import require, spoken
from forecasting.series import Series, Values

LEAST = 15  # errors that a spread is made of
RECENT = 7 * 24 * 60  # steps of errors that still say something about tomorrow


@dataclass(frozen=True, slots=True)
class NaivePredictor:
    """Repeats the value of `season` steps ago (1: the last value).

    `spread` (horizon, quantiles) holds errors of square roots per step ahead: bands grow with
    the level, as they do for counted requests, without exploding after a quiet minute as logs do.
    """

    name: str
    season: int
    seconds: float
    spread: Values

    def predict(self, history: Series, *, horizon: int) -> Forecast:
        require(history, horizon=horizon, fitted=(self.seconds, len(self.spread)))
        if len(history) < self.season:
            raise NotEnoughHistory(f"{self.season - len(history)} more steps make a season")
        roots = np.sqrt(filled(history)[0])
        back = self.season - np.arange(horizon) % self.season
        centre = roots[roots.size - back]
        values = np.maximum(centre[:, None] + self.spread[:horizon], 0.0) ** 2
        return Forecast(history.end, history.step, QUANTILES, values, self.name)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What `from_state` needs."""
        config = {"name": self.name, "season": self.season, "seconds": self.seconds}
        return config, {"spread": self.spread}

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """The same predictor again."""
        spread = arrays["spread"].astype(np.float64)
        return cls(config["name"], int(config["season"]), float(config["seconds"]), spread)


@dataclass(frozen=True, slots=True)
class LastValue:
    """The last value seen goes on; over 30 minutes little beats it."""

    name: str = "last-value"

    def fit(self, history: Series, *, horizon: int, seed: int) -> NaivePredictor:
        """Learn how far the last value strays."""
        return _fit(self.name, history, 1, horizon)


@dataclass(frozen=True, slots=True)
class SeasonalNaive:
    """What was seen one period ago comes back."""

    name: str = "seasonal-naive"
    period: timedelta = timedelta(days=1)

    def fit(self, history: Series, *, horizon: int, seed: int) -> NaivePredictor:
        """Learn how far one period strays from the next."""
        return _fit(self.name, history, max(1, round(self.period / history.step)), horizon)


def _fit(name: str, history: Series, season: int, horizon: int) -> NaivePredictor:
    present = int((~history.missing).sum())
    needed = max(season, horizon) + LEAST
    if len(history) < needed or present < LEAST:
        raise NotEnoughHistory(
            f"{name} has {present} of {len(history)} steps present, {needed} are needed"
        )
    values, missing = filled(history.tail(RECENT + season))
    roots = np.sqrt(values)
    spread = np.zeros((horizon, len(QUANTILES)))
    errors = np.zeros(0)
    for step in range(horizon):
        found = _errors(roots, missing, season, step)
        errors = found if found.size else errors  # among gaps: as uncertain as a step before
        if not errors.size:
            raise NotEnoughHistory(f"{name} found no two values {season} or more steps apart")
        spread[step] = np.quantile(errors, QUANTILES)
    return NaivePredictor(name, season, history.seconds, spread)


def _errors(roots: Values, missing: NDArray[np.bool_], season: int, step: int) -> Values:
    """Truth minus guess, `step` steps after every origin, in square roots.

    The guess may itself be carried over a gap, as it is when it is served: a source that reports
    more rarely than every step has hardly two values one step apart.
    """
    back = step + 1 if season == 1 else -(-(step + 1) // season) * season
    known = ~missing[back:] & spoken(missing)[:-back]
    return np.asarray((roots[back:] - roots[:-back])[known], dtype=np.float64)
