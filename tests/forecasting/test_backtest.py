"""A predictor and the past it never saw → scores, without looking ahead."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from forecasting.accuracy import SCORED
from forecasting.backtest import evaluate, roll, score, spread_evenly
from forecasting.errors import Mismatch, NotEnoughHistory
from forecasting.forecast import QUANTILES, Forecast
from forecasting.series import Series
from tests.forecasting.shapes import series, with_gaps


@dataclass
class Repeater:
    """Says the last value with a band of ten per cent, and remembers what it was shown."""

    name: str = "repeater"
    shown: list[Series] = field(default_factory=list)

    def predict(self, history: Series, *, horizon: int) -> Forecast:
        self.shown.append(history)
        last = history.tail(3).last_valid()
        if last is None:
            raise NotEnoughHistory("silent")
        values = last * (0.9 + 0.2 * np.tile(QUANTILES, (horizon, 1)))
        return Forecast(history.end, history.step, QUANTILES, values, self.name)


def test_origins_are_spread_from_the_first_to_the_last() -> None:
    assert spread_evenly(10, 20, most=3) == (10, 15, 20)
    assert spread_evenly(10, 12, most=100) == (10, 11, 12)
    assert spread_evenly(10, 10, most=5) == (10,)


def test_no_room_for_an_origin_says_how_much_is_missing() -> None:
    with pytest.raises(NotEnoughHistory, match="3 more steps"):
        spread_evenly(10, 7, most=5)


def test_each_origin_is_shown_the_past_and_held_against_the_future() -> None:
    predictor, past = Repeater(), series(np.arange(10.0))
    rolled = roll(predictor, past, origins=(4, 7), horizon=2)

    assert [shown.values.tolist() for shown in predictor.shown] == [
        list(range(4)), list(range(7))
    ]  # fmt: skip
    assert rolled.actual.tolist() == [[4, 5], [7, 8]]
    assert rolled.predicted.shape == (2, 2, len(SCORED))
    assert rolled.predicted[1, :, 0].tolist() == [6, 6]


def test_where_the_predictor_is_silent_there_is_nothing_to_score() -> None:
    past = with_gaps(series(np.arange(1.0, 21.0)), (5, 12))
    rolled = roll(Repeater(), past, origins=(4, 10, 14), horizon=1)

    assert rolled.actual.tolist() == [[5.0], [15.0]]


def test_a_predictor_that_never_speaks_cannot_be_scored() -> None:
    past = with_gaps(series(np.arange(20.0)), (0, 20))

    with pytest.raises(NotEnoughHistory):
        roll(Repeater(), past, origins=(4, 10), horizon=1)


def test_any_other_refusal_is_a_fault_and_passes_on() -> None:
    class Stubborn(Repeater):
        def predict(self, history: Series, *, horizon: int) -> Forecast:
            raise Mismatch("no")

    with pytest.raises(Mismatch):
        roll(Stubborn(), series(np.arange(20.0)), origins=(4,), horizon=1)


def test_a_perfect_median_is_scored_by_its_band_alone() -> None:
    scores = evaluate(Repeater(), series(np.full(50, 10.0)), start=20, horizon=5, origins=7)

    assert (scores.origins, scores.coverage_95, scores.median_error) == (7, 1.0, 0.0)
    assert 0 < scores.wql < 0.02


def test_a_held_out_part_without_a_value_cannot_be_scored() -> None:
    past = with_gaps(series(np.arange(1.0, 21.0)), (10, 20))

    with pytest.raises(NotEnoughHistory, match="holds no value"):
        score(roll(Repeater(), past, origins=(10, 11), horizon=3))


def test_gaps_in_what_came_are_left_out_of_the_score() -> None:
    whole = series(np.full(50, 10.0))
    scores = [
        evaluate(Repeater(), past, start=20, horizon=5)
        for past in (whole, with_gaps(whole, (30, 31), (40, 42)))
    ]

    assert scores[0].wql == pytest.approx(scores[1].wql)
