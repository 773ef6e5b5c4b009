"""Exponential smoothing with a daily season, and quantiles from its own past errors.

statsmodels fits the smoothing on a coarser grid (at most 144 slots a day: a season of 1,440 states
says no more and takes a hundred times as long); the predictor then runs the recursion in numpy,
so that serving a forecast needs neither statsmodels nor a refit.
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
from forecasting.features import logs, unit_of, unlogs
from forecasting.forecast import QUANTILES, Forecast
from forecasting.seasonality import Profile, day_profile
from forecasting.series import Series, Values

COARSE = timedelta(minutes=10)
LEAST_DAYS = 2
RECENT_PAST = 60
BLEND = 15.0  # minutes over which the last value hands over to the smoothed level


@dataclass(frozen=True, slots=True)
class HoltWintersPredictor:
    """Level by exponential smoothing with the fitted `alpha`, plus the daily season.

    The nearest minutes start from the last value and hand over to the level with a decay of
    `BLEND` minutes. `spread` (horizon, quantiles) are log residuals per step ahead.
    """

    name: str
    alpha: float
    profile: Profile
    spread: Values

    def predict(self, history: Series, *, horizon: int) -> Forecast:
        if not (~history.tail(RECENT_PAST).missing).any():
            raise NotEnoughHistory(f"no value in the last {RECENT_PAST} steps")
        centre = self._centre(history, horizon)
        rows = np.minimum(np.arange(horizon), self.spread.shape[0] - 1)
        values = unlogs(centre[:, None] + self.spread[rows], self.profile.unit)
        return Forecast(history.end, history.step, QUANTILES, values, self.name)

    def _centre(self, history: Series, horizon: int) -> Values:
        filled, _missing = logs(history, self.profile.unit)
        usual = self.profile.at(history.times())
        level = _smoothed(filled - usual, self.alpha)
        last = filled[-1] - usual[-1]
        minutes = (np.arange(horizon) + 1) * history.seconds / 60
        near = np.exp(-minutes / BLEND)
        ahead = history.end.timestamp() + np.arange(horizon, dtype=np.float64) * history.seconds
        return np.asarray(near * last + (1 - near) * level + self.profile.at(ahead))

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        config = {
            "name": self.name,
            "alpha": self.alpha,
            "seconds": self.profile.seconds,
            "unit": self.profile.unit,
        }
        return config, {"profile": self.profile.slots, "spread": self.spread}

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        profile = Profile(
            arrays["profile"].astype(np.float64), float(config["seconds"]), float(config["unit"])
        )
        spread = arrays["spread"].astype(np.float64)
        return cls(config["name"], float(config["alpha"]), profile, spread)


@dataclass(frozen=True, slots=True)
class HoltWinters:
    """Fits level smoothing and the daily season."""

    name: str = "holt-winters"

    def fit(self, history: Series, *, horizon: int, seed: int) -> HoltWintersPredictor:
        day = round(timedelta(days=1) / history.step)
        present = int((~history.missing).sum())
        if len(history) < LEAST_DAYS * day or present < day:
            missing = max(LEAST_DAYS * day - len(history), day - present)
            raise NotEnoughHistory(f"holt-winters needs {missing} more steps, two days in all")
        profile = day_profile(history, unit_of(history))
        alpha = _alpha(history, profile.unit)
        bare = HoltWintersPredictor(self.name, alpha, profile, np.zeros((horizon, len(QUANTILES))))
        return HoltWintersPredictor(self.name, alpha, profile, _spread(bare, history, horizon))


def _alpha(history: Series, unit: float) -> float:
    """The level's smoothing, fitted by statsmodels on the coarse grid, per step of the series."""
    coarse = history.resample(max(COARSE, history.step), how="mean")
    filled, _missing = logs(coarse, unit)
    season = round(timedelta(days=1) / coarse.step)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a rough optimum is good enough
        warnings.filterwarnings("ignore", category=RuntimeWarning, module="statsmodels")
        fitted = ExponentialSmoothing(
            filled, seasonal="add", seasonal_periods=season, initialization_method="heuristic"
        ).fit(optimized=True, use_brute=False)
    coarse_alpha = float(np.clip(fitted.params["smoothing_level"], 0.01, 0.99))
    return float(1 - (1 - coarse_alpha) ** (history.step / coarse.step))


def _smoothed(values: Values, alpha: float) -> float:
    """Exponentially weighted level at the end; weights below 1e-6 are left out."""
    keep = min(values.size, max(1, int(np.ceil(np.log(1e-6) / np.log(1 - alpha)))))
    weights = (1 - alpha) ** np.arange(keep)[::-1]
    return float((values[-keep:] * weights).sum() / weights.sum())


def _spread(bare: HoltWintersPredictor, history: Series, horizon: int) -> Values:
    """Quantiles of log errors per step from origins over the last week, one every 20 steps."""
    first = max(len(history) // 3, len(history) - 7 * 24 * 60)
    errors = []
    filled, missing = logs(history, bare.profile.unit)
    actual = np.where(missing, np.nan, filled)
    for origin in range(first, len(history) - horizon, 20):
        seen = history.cut(end=history.start + origin * history.step)
        if (~seen.tail(RECENT_PAST).missing).any():
            errors.append(actual[origin : origin + horizon] - bare._centre(seen, horizon))
    if not errors:
        raise NotEnoughHistory("holt-winters found no origin to learn its errors from")
    spread = np.nanquantile(np.stack(errors), QUANTILES, axis=0).T
    return np.sort(np.nan_to_num(spread), axis=1)
