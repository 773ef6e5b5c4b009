"""A history and estimators → fitted predictors, each scored on the newest part none of them saw."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from forecasting.accuracy import Scores
from forecasting.backtest import evaluate
from forecasting.errors import ForecastingError
from forecasting.interface import Estimator, Predictor
from forecasting.series import Series

HELD_OUT_SHARE = 0.15
LEAST_HELD_OUT = timedelta(hours=3)  # less is one mood of the service, not its character
MOST_HELD_OUT = timedelta(days=1)  # every hour of a day once; the rest is better learnt from


@dataclass(frozen=True, slots=True)
class Field:
    """A history and where its held-out part begins."""

    history: Series
    unseen: int

    @property
    def past(self) -> Series:
        """What may be learnt from."""
        return self.history.cut(end=self.history.start + self.unseen * self.history.step)


@dataclass(frozen=True, slots=True)
class Trial:
    """One fitted predictor, how it did on the held-out part, and how long the fit took."""

    name: str
    predictor: Predictor
    scores: Scores
    seconds: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """An estimator that could not learn from this history, and why."""

    name: str
    reason: str


def field(history: Series) -> Field:
    """The newest 15 % held out, at least three hours and at most a day of values that came.

    What is missing does not count: a night without samples must not be all that is scored on.
    """
    newest = np.cumsum(~history.missing[::-1])
    came = int(newest[-1]) if newest.size else 0
    least, most = (length // history.step for length in (LEAST_HELD_OUT, MOST_HELD_OUT))
    held = max(1, min(max(round(came * HELD_OUT_SHARE), least), most))
    steps = int(np.searchsorted(newest, min(held, came))) + 1
    return Field(history, max(0, len(history) - steps))


def compete(
    estimators: Sequence[Estimator],
    ground: Field,
    *,
    horizon: int,
    seed: int,
    stopwatch: Callable[[], float],
    report: Callable[[Trial | Refusal], None] = lambda _one: None,
) -> tuple[Trial, ...]:
    """Fit on the past and score on the rest; `report` hears of each as it is done.

    `stopwatch` says the seconds since whenever: this package reads no clock.
    """
    past, trials = ground.past, []
    for each in estimators:
        started = stopwatch()
        try:
            predictor = each.fit(past, horizon=horizon, seed=seed)
            seconds = stopwatch() - started
            scores = evaluate(predictor, ground.history, start=ground.unseen, horizon=horizon)
        except ForecastingError as error:
            report(Refusal(each.name, str(error)))
            continue
        trials.append(Trial(each.name, predictor, scores, seconds))
        report(trials[-1])
    return tuple(trials)
