"""Exponential smoothing with a damped trend and a daily season, and quantiles from its own errors.

statsmodels finds the smoothing parameters on the newest days, less their daily season; serving
then runs the same recursion in plain Python, so that a forecast needs neither statsmodels nor a
refit. Works in log space, so that the season is a factor.
"""

import warnings
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from statsmodels.tools.sm_exceptions import ConvergenceWarning
from statsmodels.tsa.holtwinters import ExponentialSmoothing

from forecasting.errors import NotEnoughHistory
from forecasting.features import View, logs, typical_change, unit_of, unlogs, view
from forecasting.forecast import QUANTILES, Forecast
from forecasting.models.serving import require, spoken
from forecasting.seasonality import Profile, habit
from forecasting.series import Series, Values

LEAST_DAYS = 2
FIT_STEPS = 3000  # newest steps that the parameters are found on: two days of minutes
MEMORY = 1000  # steps after which nothing of an older level is left
WARM_UP = 10  # steps whose mean begins the level
MOST_ORIGINS = 4000  # for the errors


@dataclass(frozen=True, slots=True)
class Smoothing:
    """The parameters of level, trend and damping."""

    alpha: float
    beta: float
    phi: float

    def states(self, values: Values, missing: NDArray[np.bool_]) -> tuple[Values, Values]:
        """Level and trend after each value, (n,) each; a gap only lets the trend run on."""
        level, trend = float(values[:WARM_UP].mean()), 0.0
        levels, trends = [], []
        for value, absent in zip(values.tolist(), missing.tolist(), strict=True):
            foretold = level + self.phi * trend
            before, trend = level, self.phi * trend
            level = foretold
            if not absent:
                level += self.alpha * (value - foretold)
                trend = self.beta * (level - before) + (1 - self.beta) * trend
            levels.append(level)
            trends.append(trend)
        return np.array(levels), np.array(trends)

    def ahead(self, level: Values, trend: Values, horizon: int) -> Values:
        """(n,) levels and trends → (n, horizon) without the season."""
        damped = np.cumsum(self.phi ** np.arange(1, horizon + 1))
        return np.asarray(level[:, None] + trend[:, None] * damped[None, :])


@dataclass(frozen=True, slots=True)
class HoltWintersPredictor:
    """`spread` (horizon, quantiles) are log errors per step in units of recent variability."""

    name: str
    smoothing: Smoothing
    profile: Profile
    typical: float
    spread: Values

    def predict(self, history: Series, *, horizon: int) -> Forecast:
        fitted = len(self.spread)
        require(history, horizon=horizon, fitted=(self.profile.seconds, fitted))
        seen = view(history.tail(MEMORY), self.profile, beyond=fitted, typical=self.typical)
        at = np.array([seen.carried.size - 1])
        centre = _centres(self.smoothing, seen, at, horizon)[0]
        spread = self.spread[:horizon] * seen.scale(fitted)[-1]
        values = unlogs(centre[:, None] + spread, self.profile.unit)
        return Forecast(history.end, history.step, QUANTILES, values, self.name)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What `from_state` needs."""
        config = {
            "name": self.name,
            "smoothing": [self.smoothing.alpha, self.smoothing.beta, self.smoothing.phi],
            "profile": self.profile.config(),
            "typical": self.typical,
        }
        return config, {"profile": self.profile.slots, "spread": self.spread}

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """The same predictor again."""
        alpha, beta, phi = (float(value) for value in config["smoothing"])
        return cls(
            config["name"],
            Smoothing(alpha, beta, phi),
            Profile.restored(config["profile"], arrays["profile"]),
            float(config["typical"]),
            arrays["spread"].astype(np.float64),
        )


@dataclass(frozen=True, slots=True)
class HoltWinters:
    """Fits the smoothing, the daily season and the spread of its own errors."""

    name: str = "holt-winters"

    def fit(self, history: Series, *, horizon: int, seed: int) -> HoltWintersPredictor:
        """Learn from at least two days. Raises NotEnoughHistory."""
        day = round(timedelta(days=1) / history.step)
        present = int((~history.missing).sum())
        if len(history) < LEAST_DAYS * day or present < max(day, WARM_UP):
            raise NotEnoughHistory(
                f"{self.name} has {present} of {len(history)} steps present,"
                f" {LEAST_DAYS * day} are needed, two days"
            )
        known = habit(history, unit_of(history), beyond=horizon)
        carried, missing = logs(history, known.profile.unit)
        typical = typical_change(carried, missing, horizon)
        seen = View(carried, missing, known.others, typical)
        smoothing = _smoothing(carried - known.others[: carried.size])
        spread = _spread(smoothing, seen, horizon)
        return HoltWintersPredictor(self.name, smoothing, known.profile, typical, spread)


def _smoothing(values: Values) -> Smoothing:
    """What statsmodels finds best one step ahead; a constant series needs no looking."""
    recent = values[-FIT_STEPS:]
    if float(np.ptp(recent)) < 1e-9:
        return Smoothing(0.5, 0.0, 0.9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a rough optimum is good enough
        warnings.filterwarnings("ignore", category=RuntimeWarning, module="statsmodels")
        found = ExponentialSmoothing(
            recent,
            trend="add",
            damped_trend=True,
            initialization_method="known",
            initial_level=float(recent[:WARM_UP].mean()),
            initial_trend=0.0,
        ).fit(optimized=True, use_brute=False)
    names = ("smoothing_level", "smoothing_trend", "damping_trend")
    best = np.nan_to_num([float(found.params[name]) for name in names], nan=0.5)
    alpha, beta, phi = np.clip(best, 0.001, 0.999).tolist()
    return Smoothing(alpha, beta, min(phi, 0.98))


def _centres(smoothing: Smoothing, seen: View, at: NDArray[np.int64], horizon: int) -> Values:
    """(n, horizon) foretold logs after each index in `at`."""
    size = seen.carried.size
    level, trend = smoothing.states(seen.carried - seen.usual[:size], seen.missing)
    season = seen.usual[at[:, None] + 1 + np.arange(horizon)[None, :]]
    return np.asarray(smoothing.ahead(level[at], trend[at], horizon) + season)


def _spread(smoothing: Smoothing, seen: View, horizon: int) -> Values:
    """Quantiles (horizon, q) of scaled log errors from many origins where it would have spoken."""
    last = seen.carried.size - horizon
    at = np.flatnonzero(spoken(seen.missing)[:last])[min(MEMORY, last // 4) :]
    at = at[:: max(1, at.size // MOST_ORIGINS)]
    came_at = at[:, None] + 1 + np.arange(horizon)[None, :]
    actual = np.where(seen.missing[came_at], np.nan, seen.carried[came_at])
    error = (actual - _centres(smoothing, seen, at, horizon)) / seen.scale(horizon)[at][:, None]
    if not np.isfinite(error).any(axis=0).all():
        raise NotEnoughHistory("holt-winters found too few origins to learn its errors from")
    return np.asarray(np.nanquantile(error, QUANTILES, axis=0).T, dtype=np.float64)
