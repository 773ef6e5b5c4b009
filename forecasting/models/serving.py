"""A history and what a predictor was fitted for → may it speak? Shared by all predictors."""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import Mismatch, NotEnoughHistory
from forecasting.series import Series

RECENT_PAST = 60  # steps among which a present value must be found


def require(history: Series, *, horizon: int, fitted: tuple[float, int]) -> None:
    """Refuse a history without a recent value, and any other step or a longer horizon.

    `fitted` is the step in seconds and the horizon that the predictor was fitted for. All
    predictors refuse the same histories, so that their scores are taken at the same origins.
    """
    seconds, longest = fitted
    if history.seconds != seconds:
        step = timedelta(seconds=seconds)
        raise Mismatch(f"fitted for steps of {step}, asked about steps of {history.step}")
    if not 1 <= horizon <= longest:
        raise Mismatch(f"fitted for {longest} steps ahead, asked for {horizon}")
    if history.tail(RECENT_PAST).missing.all():
        raise NotEnoughHistory(f"no value in the last {RECENT_PAST} steps")


def spoken(missing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Per index: whether a predictor would speak right after it, as `require` judges."""
    seen = np.concatenate([[0], np.cumsum(~missing)])
    stop = np.arange(1, missing.size + 1)
    return np.asarray(seen[stop] > seen[np.maximum(0, stop - RECENT_PAST)])
