"""A history and estimators → trials, scored on what none of them saw."""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

import numpy as np
import pytest

from forecasting import contest, models
from forecasting.contest import Refusal, Trial, compete
from forecasting.errors import NotEnoughHistory
from forecasting.interface import Predictor
from forecasting.models.naive import LastValue
from forecasting.series import Series
from tests.forecasting.shapes import MINUTE, TEN, daily, series


@dataclass
class Curious:
    """Learns as the last value does, and remembers what it was shown."""

    name: str = "curious"
    shown: list[Series] = field(default_factory=list)

    def fit(self, history: Series, *, horizon: int, seed: int) -> Predictor:
        self.shown.append(history)
        return LastValue(self.name).fit(history, horizon=horizon, seed=seed)


class Reluctant:
    name = "reluctant"

    def fit(self, history: Series, *, horizon: int, seed: int) -> Predictor:
        raise NotEnoughHistory("a year is needed")


@pytest.mark.parametrize(
    ("hours", "held_hours"),
    [(6, 3.0), (12, 3.0), (24, 3.6), (80, 12.0), (160, 24.0), (14 * 24, 24.0), (2, 2.0)],
)
def test_the_newest_part_is_held_out_for_hours_and_at_most_a_day(
    hours: int, held_hours: float
) -> None:
    ground = contest.field(series(np.ones(hours * 60)))

    assert len(ground.history) - ground.unseen == held_hours * 60
    assert ground.past.end == ground.history.end - timedelta(hours=held_hours)


def test_a_silent_night_is_not_all_that_is_scored_on() -> None:
    values = np.ones(24 * 60)
    values[-600:] = np.nan
    ground = contest.field(series(values))
    unseen = ground.history.values[ground.unseen :]

    assert int(np.isfinite(unseen).sum()) == 180
    assert np.isfinite(unseen[0])


@pytest.mark.parametrize("values", [[], [np.nan] * 5, [1.0], [np.nan, 1.0]])
def test_next_to_nothing_leaves_nothing_to_learn_from(values: list[float]) -> None:
    ground = contest.field(series(values))

    assert ground.past.missing.all()


def test_no_estimator_is_shown_what_it_is_scored_on() -> None:
    curious, ground = Curious(), contest.field(daily(5))
    compete([curious], ground, horizon=3, seed=1, stopwatch=lambda: 0.0)

    assert [shown.end for shown in curious.shown] == [ground.past.end]
    assert ground.past.end < ground.history.end


def test_a_refusal_is_told_and_does_not_stop_the_others() -> None:
    heard: list[Trial | Refusal] = []
    ticks = count()
    trials = compete(
        [Reluctant(), LastValue()],
        contest.field(daily(5)),
        horizon=3,
        seed=1,
        stopwatch=lambda: float(next(ticks)),
        report=heard.append,
    )

    assert heard == [Refusal("reluctant", "a year is needed"), trials[0]]
    assert [(trial.name, trial.seconds) for trial in trials] == [("last-value", 1.0)]
    assert trials[0].scores.origins > 10


def test_a_history_that_is_all_held_out_gives_no_trial() -> None:
    trials = compete(
        [models.estimator("last-value")],
        contest.field(series(np.ones(60), step=MINUTE)),
        horizon=30,
        seed=1,
        stopwatch=lambda: 0.0,
    )

    assert trials == ()


def test_seasonal_demand_ranks_yesterday_before_the_last_value() -> None:
    trials = compete(
        [models.estimator("last-value"), models.estimator("seasonal-naive")],
        contest.field(daily(8, step=TEN, noise=0.01)),
        horizon=18,
        seed=1,
        stopwatch=lambda: 0.0,
    )

    assert trials[1].scores.wql < 0.5 * trials[0].scores.wql
