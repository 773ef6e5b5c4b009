"""The two ports of this package: what can learn, and what has learnt."""

from typing import Protocol, runtime_checkable

from forecasting.forecast import Forecast
from forecasting.series import Series


@runtime_checkable
class Predictor(Protocol):
    """Has learnt. `predict` is a pure function of the history it is given.

    The forecast starts at `history.end`, has `horizon` steps of `history.step`, and its
    quantiles are finite, not negative and do not cross. Missing values in the history are
    allowed. Raises NotEnoughHistory when the recent past is too thin to say anything, and
    Mismatch when it was fitted for another step or a shorter horizon.
    """

    @property
    def name(self) -> str: ...

    def predict(self, history: Series, *, horizon: int) -> Forecast: ...


@runtime_checkable
class Estimator(Protocol):
    """Knows how to learn. The same history and seed give the same predictor.

    Raises NotEnoughHistory, with the number of steps that are needed in its message.
    """

    @property
    def name(self) -> str: ...

    def fit(self, history: Series, *, horizon: int, seed: int) -> Predictor: ...
