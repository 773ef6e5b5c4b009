"""The bar to beat: what it repeats, and how wide its bands are."""

import numpy as np
import pytest

from forecasting.backtest import roll, score, spread_evenly
from forecasting.errors import NotEnoughHistory
from forecasting.forecast import QUANTILES
from forecasting.models.naive import LastValue, SeasonalNaive
from forecasting.series import Series
from tests.forecasting.shapes import MINUTE, TEN, daily, series, wave, with_gaps

MEDIAN = QUANTILES.index(0.5)


def walk(count: int, seed: int = 2) -> Series:
    """A random walk of square roots: what the last value's bands are made for."""
    steps = np.random.default_rng(seed).normal(0.0, 0.2, count)
    return series((30 + np.cumsum(steps)) ** 2, step=MINUTE)


def test_the_last_value_goes_on_with_bands_that_widen() -> None:
    history = walk(2000)
    forecast = LastValue().fit(history, horizon=30, seed=0).predict(history, horizon=30)
    width = forecast.path(0.95).values - forecast.path(0.05).values

    assert forecast.values[0, MEDIAN] == pytest.approx(history.values[-1], rel=0.01)
    assert width[-1] > 3 * width[0] > 0


def test_the_last_values_bands_cover_what_they_say() -> None:
    history = walk(6000)
    predictor = LastValue().fit(history.cut(end=history.start + 4000 * MINUTE), horizon=10, seed=0)
    rolled = roll(predictor, history, origins=spread_evenly(4000, 5990, most=500), horizon=10)

    assert score(rolled).coverage_95 == pytest.approx(0.95, abs=0.03)


def test_in_a_gap_the_value_before_it_goes_on() -> None:
    history = with_gaps(series(np.arange(1.0, 101.0)), (90, 100))
    forecast = LastValue().fit(history, horizon=3, seed=0).predict(history, horizon=3)

    assert forecast.values[0, 0] >= 90.0


def test_yesterday_comes_back_at_the_same_time() -> None:
    history = series(wave(3), step=TEN)
    predictor = SeasonalNaive().fit(history, horizon=6, seed=0)
    forecast = predictor.predict(history.cut(end=history.end - 30 * TEN), horizon=6)

    assert forecast.path(0.5).values == pytest.approx(wave(3)[-30:-24], rel=1e-6)


def test_beyond_one_season_the_same_season_comes_back_again() -> None:
    history = series(np.tile([1.0, 5.0, 9.0], 30), step=TEN)
    predictor = SeasonalNaive(period=3 * TEN).fit(history, horizon=7, seed=0)
    forecast = predictor.predict(history, horizon=7)

    assert forecast.path(0.5).values == pytest.approx([1, 5, 9, 1, 5, 9, 1])


def test_less_than_a_season_of_past_is_too_little_to_speak_from() -> None:
    predictor = SeasonalNaive().fit(daily(3), horizon=3, seed=0)

    with pytest.raises(NotEnoughHistory, match="44 more steps make a season"):
        predictor.predict(daily(3).tail(100), horizon=3)


def test_a_step_that_only_gaps_can_tell_about_is_as_uncertain_as_the_one_before() -> None:
    values = np.full(300, np.nan)
    values[:20] = np.arange(20.0)  # no two of them are more than 19 steps apart
    predictor = LastValue().fit(series(values), horizon=25, seed=0)

    assert predictor.spread[18].any()
    assert predictor.spread[24].tolist() == predictor.spread[18].tolist()


def test_a_source_that_reports_every_fourth_step_is_forecast_all_the_same() -> None:
    values = np.full(400, np.nan)
    values[::4] = walk(100).values
    history = series(values)
    forecast = LastValue().fit(history, horizon=5, seed=0).predict(history, horizon=5)

    assert forecast.path(0.05).values[4] < values[396] < forecast.path(0.95).values[4]


def test_values_that_are_never_so_far_apart_leave_nothing_to_learn_from() -> None:
    values = np.full(300, np.nan)
    values[:20] = 5.0

    with pytest.raises(NotEnoughHistory, match="no two values 144 or more steps"):
        SeasonalNaive().fit(series(values, step=TEN), horizon=3, seed=0)
