"""What every estimator and predictor promises (forecasting/interface.py), asked of each."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecasting import artifacts, models
from forecasting.backtest import roll
from forecasting.errors import ForecastingError, Mismatch, NotEnoughHistory
from forecasting.forecast import QUANTILES
from forecasting.interface import Estimator, Predictor
from forecasting.series import Series
from tests.forecasting.shapes import MINUTE, TEN, daily, series, wave, with_gaps

HORIZON = 3
# Loading torch or statsmodels takes longer than all other quick tests together.
HEAVY = ("holt-winters", "anchored-lstm")
FAST: dict[str, dict[str, Any]] = {
    "anchored-lstm": {"hidden": 8, "epochs": 2, "most_windows": 200},
}
ZEROS = np.zeros(720)
BURSTS = np.where(np.random.default_rng(3).random(720) < 0.9, 0.0, 5000.0)
HISTORIES = {
    "daily": daily(5),
    "with scattered gaps": with_gaps(daily(5), (3, 4), (100, 110), (500, 501), (600, 640)),
    "beginning and ending in a gap": with_gaps(daily(5), (0, 80), (700, 720)),
    "with a lost day": with_gaps(daily(5), (200, 344)),
    "constant": series(np.full(720, 42.0), step=TEN),
    "nothing but zeros": series(ZEROS, step=TEN),
    "zeros and bursts": series(BURSTS, step=TEN),
    "zeros, and then demand": series(np.r_[ZEROS[:600], wave(5)[600:]], step=TEN),
    "a hundredfold rise": series(np.r_[wave(5)[:714], 100 * wave(5)[714:]], step=TEN),
    "very small": series(1e-9 * wave(5), step=TEN),
    "very large": series(1e15 * wave(5), step=TEN),
    "partly negative": series(wave(5) - 100.0, step=TEN),
    "growing a thousandfold": series(wave(5) * np.logspace(0, 3, 720), step=TEN),
}  # fmt: skip


@pytest.fixture(
    params=[
        pytest.param(name, marks=[pytest.mark.system] if name in HEAVY else [])
        for name in models.names()
    ]
)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def estimator(name: str) -> Estimator:
    return models.estimator(name, **FAST.get(name, {}))


@pytest.fixture
def predictor(estimator: Estimator) -> Predictor:
    return estimator.fit(daily(5), horizon=HORIZON, seed=1)


def test_both_sides_keep_to_their_protocol(name: str, estimator: Estimator) -> None:
    predictor = estimator.fit(daily(5), horizon=HORIZON, seed=1)

    assert isinstance(estimator, Estimator)
    assert isinstance(predictor, Predictor)
    assert isinstance(predictor, artifacts.Storable)
    assert (estimator.name, predictor.name) == (name, name)


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES.keys())
def test_whatever_the_history_a_forecast_is_finite_ordered_and_not_negative(
    estimator: Estimator, history: Series
) -> None:
    forecast = estimator.fit(history, horizon=HORIZON, seed=1).predict(history, horizon=HORIZON)

    assert (forecast.origin, forecast.step) == (history.end, history.step)
    assert (forecast.quantiles, forecast.model) == (QUANTILES, estimator.name)
    assert forecast.values.shape == (HORIZON, len(QUANTILES))  # the rest Forecast itself refuses


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES.keys())
def test_a_predictor_fitted_on_a_usual_past_survives_any_present(
    predictor: Predictor, history: Series
) -> None:
    forecast = predictor.predict(history, horizon=HORIZON)

    assert forecast.horizon == HORIZON


def test_all_zeros_promise_next_to_nothing(estimator: Estimator) -> None:
    history = HISTORIES["nothing but zeros"]
    forecast = estimator.fit(history, horizon=HORIZON, seed=1).predict(history, horizon=HORIZON)

    assert forecast.values.max() < 1e-6


def test_a_constant_goes_on(estimator: Estimator) -> None:
    history = HISTORIES["constant"]
    forecast = estimator.fit(history, horizon=HORIZON, seed=1).predict(history, horizon=HORIZON)

    assert forecast.path(0.5).values == pytest.approx(np.full(HORIZON, 42.0), rel=0.02)


def test_the_same_history_and_seed_give_the_same_forecast(estimator: Estimator) -> None:
    said = [
        estimator.fit(daily(5), horizon=HORIZON, seed=5).predict(daily(5), horizon=HORIZON)
        for _again in range(2)
    ]

    assert said[0] == said[1]


def test_fitting_leaves_other_peoples_random_numbers_alone(estimator: Estimator) -> None:
    before = np.random.get_state(legacy=False)["state"]["key"].tolist()
    estimator.fit(daily(5), horizon=HORIZON, seed=5)

    assert np.random.get_state(legacy=False)["state"]["key"].tolist() == before


def test_predicting_twice_says_the_same(predictor: Predictor) -> None:
    first = predictor.predict(daily(5), horizon=HORIZON)
    predictor.predict(daily(3, seed=8), horizon=HORIZON)

    assert predictor.predict(daily(5), horizon=HORIZON) == first


def test_a_shorter_horizon_is_the_beginning_of_the_longer_one(predictor: Predictor) -> None:
    whole = predictor.predict(daily(5), horizon=HORIZON)
    part = predictor.predict(daily(5), horizon=1)

    assert part.values == pytest.approx(whole.values[:1], rel=1e-5)


def test_a_longer_horizon_or_another_step_is_a_mismatch(predictor: Predictor) -> None:
    with pytest.raises(Mismatch, match="fitted for 3 steps ahead, asked for 4"):
        predictor.predict(daily(5), horizon=HORIZON + 1)
    with pytest.raises(Mismatch, match="asked for 0"):
        predictor.predict(daily(5), horizon=0)
    with pytest.raises(Mismatch, match="steps of 0:10:00, asked about steps of 0:05:00"):
        predictor.predict(daily(5, step=timedelta(minutes=5)), horizon=HORIZON)


def test_an_hour_of_silence_is_too_thin_and_59_minutes_are_not(predictor: Predictor) -> None:
    size = len(daily(5))
    silent = with_gaps(daily(5), (size - 60, size))
    nearly = with_gaps(daily(5), (size - 59, size))

    with pytest.raises(NotEnoughHistory, match="no value in the last 60 steps"):
        predictor.predict(silent, horizon=HORIZON)
    assert predictor.predict(nearly, horizon=HORIZON).origin == silent.end


def test_an_empty_history_is_too_thin(predictor: Predictor) -> None:
    with pytest.raises(NotEnoughHistory):
        predictor.predict(daily(5).tail(0), horizon=HORIZON)


@pytest.mark.parametrize("length", [0, 1, 2, 5, 10, 20, 40, 80, 120, 145, 160, 200, 288, 400])
def test_a_short_history_teaches_or_says_how_much_is_needed(
    estimator: Estimator, length: int
) -> None:
    history = daily(5).tail(length)
    refusal = ""
    try:
        predictor = estimator.fit(history, horizon=HORIZON, seed=1)
        assert predictor.predict(history, horizon=HORIZON).horizon == HORIZON
    except NotEnoughHistory as error:
        refusal = str(error)
    needed = [int(word) for word in refusal.replace(",", "").split() if word.isdigit()]

    assert not refusal or max(needed) > length, refusal


def test_a_history_of_nothing_but_gaps_is_refused(estimator: Estimator) -> None:
    with pytest.raises(NotEnoughHistory):
        estimator.fit(series(np.full(720, np.nan), step=TEN), horizon=HORIZON, seed=1)


def test_an_artifact_says_exactly_what_was_stored(predictor: Predictor, tmp_path: Path) -> None:
    checksum = artifacts.save(predictor, tmp_path, "a/b", extra={})
    again = artifacts.load(tmp_path, "a/b", checksum=checksum)

    for history in (daily(5), HISTORIES["with scattered gaps"], HISTORIES["zeros and bursts"]):
        forecast = predictor.predict(history, horizon=HORIZON)
        assert again.predict(history, horizon=HORIZON) == forecast


def test_changing_the_future_changes_no_forecast(predictor: Predictor) -> None:
    known, now = daily(5), 500
    other = Series(known.start, known.step, np.r_[known.values[:now], 9e9 + known.values[now:]])
    said = [
        roll(predictor, past, origins=range(420, now + 1, 8), horizon=HORIZON).predicted
        for past in (known, other)
    ]

    assert np.array_equal(said[0], said[1])


def test_a_day_and_two_hours_of_past_are_all_that_a_forecast_needs(estimator: Estimator) -> None:
    history = daily(3, step=MINUTE)
    predictor = estimator.fit(history, horizon=30, seed=1)
    whole = predictor.predict(history, horizon=30)
    recent = predictor.predict(history.tail(26 * 60), horizon=30)

    assert recent.values == pytest.approx(whole.values, rel=1e-6)


def test_an_unknown_name_says_which_are_known() -> None:
    with pytest.raises(ForecastingError, match=r"unknown model 'oracle'; known: last-value, "):
        models.estimator("oracle")
