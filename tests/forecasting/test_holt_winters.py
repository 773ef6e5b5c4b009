"""Exponential smoothing: the recursion, what gaps do to it, and the bands of its errors."""

from typing import Any

import numpy as np
import pytest

from forecasting import models
from forecasting.backtest import evaluate
from forecasting.errors import NotEnoughHistory
from tests.forecasting.shapes import TEN, daily, series, wave, with_gaps

# Loading statsmodels takes a second or two; these do it only when they are asked to run.
pytestmark = pytest.mark.system
HORIZON = 6


def module() -> Any:
    from forecasting.models import holt_winters

    return holt_winters


def test_the_recursion_says_what_statsmodels_says() -> None:
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    values = np.cumsum(np.random.default_rng(4).normal(0.1, 1.0, 300)) + 50
    fitted = ExponentialSmoothing(
        values, trend="add", damped_trend=True, initialization_method="known",
        initial_level=float(values[:10].mean()), initial_trend=0.0,
    ).fit(smoothing_level=0.4, smoothing_trend=0.1, damping_trend=0.9, optimized=False)  # fmt: skip
    smoothing = module().Smoothing(0.4, 0.1, 0.9)
    level, trend = smoothing.states(values, np.zeros(300, dtype=bool))

    ours = smoothing.ahead(level[-1:], trend[-1:], 5)[0]
    assert ours == pytest.approx(fitted.forecast(5), rel=1e-9)


def test_in_a_gap_the_trend_runs_on_and_dies_away() -> None:
    smoothing, missing = module().Smoothing(0.5, 0.5, 0.8), np.zeros(60, dtype=bool)
    missing[30:] = True
    level, trend = smoothing.states(np.arange(60.0), missing)

    assert level[30] > level[29] + 0.5
    assert trend[-1] == pytest.approx(0.0, abs=0.01)
    assert level[-1] - level[29] < 5


def test_the_season_is_foretold_before_it_comes() -> None:
    history = series(wave(6), step=TEN)
    predictor = models.estimator("holt-winters").fit(history, horizon=18, seed=0)
    seen = history.cut(end=history.end - 54 * TEN)  # the wave has turned; it rises from here on
    came = wave(6)[-54:-36]

    said = predictor.predict(seen, horizon=18).path(0.5).values
    assert said[-1] == pytest.approx(came[-1], rel=0.1)


def test_it_beats_the_last_value_on_noisy_daily_demand() -> None:
    history, start = daily(10, noise=0.15), 7 * 144
    past = history.cut(end=history.start + start * history.step)
    wql = {
        name: evaluate(
            models.estimator(name).fit(past, horizon=HORIZON, seed=0),
            history,
            start=start,
            horizon=HORIZON,
        )
        for name in ("last-value", "holt-winters")
    }

    assert wql["holt-winters"].wql < 0.85 * wql["last-value"].wql
    assert 0.9 < wql["holt-winters"].coverage_95 < 0.99


def test_bands_are_wider_in_a_storm_than_in_a_calm() -> None:
    calm = daily(5, noise=0.02)
    factors = np.ones(len(calm))
    factors[-100:] = np.random.default_rng(1).choice([0.5, 2.0], 100)
    storm = series(calm.values * factors, step=TEN)
    predictor = models.estimator("holt-winters").fit(calm, horizon=HORIZON, seed=0)

    widths = [
        np.diff(np.log(predictor.predict(history, horizon=HORIZON).values[:, [0, -1]]))
        for history in (calm, storm)
    ]
    assert (widths[1] > 2 * widths[0]).all()


def test_under_two_days_it_says_that_two_days_are_needed() -> None:
    with pytest.raises(NotEnoughHistory, match="200 of 200 steps present, 288 are needed"):
        models.estimator("holt-winters").fit(daily(3).tail(200), horizon=HORIZON, seed=0)


def test_two_days_with_hardly_a_value_are_too_little() -> None:
    history = with_gaps(daily(3), (0, 300))

    with pytest.raises(NotEnoughHistory, match="132 of 432 steps present"):
        models.estimator("holt-winters").fit(history, horizon=HORIZON, seed=0)


def test_without_an_origin_to_learn_errors_from_it_refuses() -> None:
    values = np.full(3 * 144, np.nan)
    values[:160] = 5.0

    with pytest.raises(NotEnoughHistory, match="too few origins"):
        models.estimator("holt-winters").fit(series(values, step=TEN), horizon=200, seed=0)
