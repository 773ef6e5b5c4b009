"""Demand minute by minute → the forecasts that were issued at each, without looking ahead. Pure.

What a young installation issues before its first model is trained: the last value goes on, with
its own errors of the last 26 hours as spread, fitted again every few hours.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from controlplane.demo.noise import Floats
from forecasting import models
from forecasting.errors import NotEnoughHistory
from forecasting.forecast import Forecast
from forecasting.interface import Predictor
from forecasting.series import Series

MODEL = "last-value"
STEP = timedelta(minutes=1)
HORIZON = 30  # steps
SPAN = 26 * 60  # minutes of the past that the spread is learnt from
REFIT = 6 * 60  # minutes
RECENT = 60  # minutes that the predictor itself looks at
LEAST = 60


class Forecaster:
    """Demand per minute from Unix time `start` on; asked for one minute after the other."""

    def __init__(self, start: float, demand: Floats) -> None:
        self._start, self._demand = start, demand
        self._predictor: Predictor | None = None
        self._fitted = -REFIT

    def after(self, minutes: int) -> Forecast | None:
        """What was said once `minutes` minutes of demand were known; None when that is too few."""
        if minutes < LEAST:
            return None
        try:
            if minutes - self._fitted >= REFIT:
                past = self._series(max(0, minutes - SPAN), minutes)
                self._predictor = models.estimator(MODEL).fit(past, horizon=HORIZON, seed=0)
                self._fitted = minutes
            if self._predictor is None:
                return None
            recent = self._series(max(0, minutes - RECENT), minutes)
            said = self._predictor.predict(recent, horizon=HORIZON)
            return replace(said, values=as_stored(said.values))
        except NotEnoughHistory:  # a recorded trace may have holes of hours
            return None

    def peak(self, minutes: int) -> float | None:
        """The highest demand of the history that the forecast after `minutes` is made from."""
        past = self._demand[max(0, minutes - SPAN) : minutes]
        highest = float(np.fmax.reduce(past, initial=-1.0))
        return highest if highest >= 0 else None

    def _series(self, first: int, last: int) -> Series:
        start = datetime.fromtimestamp(self._start + first * 60, UTC)
        return Series(start, STEP, self._demand[first:last])


def as_stored(values: Floats) -> Floats:
    """Five significant digits, as a forecast's row keeps them: what was decided by must be what
    can be read again."""
    with np.errstate(divide="ignore"):
        digits = 4 - np.floor(np.log10(np.abs(values)))
    scale = 10.0 ** np.clip(np.where(np.isfinite(digits), digits, 0), 0, 22)
    rounded = np.rint(values * scale) / scale
    coarse = digits < 0  # 100,000 and more: whole tens, hundreds …
    if coarse.any():
        unit = 10.0 ** np.where(coarse, -digits, 0)
        rounded = np.where(coarse, np.rint(values / unit) * unit, rounded)
    return np.asarray(rounded)
