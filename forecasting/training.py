"""A long series → which windows to learn from, and which to stop by. Pure numpy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STOPPING_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Split:
    """Window ends for learning and, later in time, for deciding when to stop."""

    learn: NDArray[np.int64]
    stop: NDArray[np.int64]

    def sampled(self, most: int, generator: np.random.Generator) -> "Split":
        """At most `most` ends to learn from and a quarter as many to stop by."""
        return Split(_sample(self.learn, most, generator), _sample(self.stop, most // 4, generator))


def split(usable: NDArray[np.bool_], *, context: int, horizon: int) -> Split:
    """Every end of a window that is `usable[end - 1]` and has its whole horizon in the series.

    The stopping part is the newest 15 %. No value is foretold in both parts: what is learnt ends
    where the stopping part begins. Short series begin with shorter contexts.
    """
    length = usable.size
    border = length - int(length * STOPPING_SHARE)
    ends = np.arange(min(context, length // 3), length - horizon + 1)
    ends = ends[(ends > 0) & usable[np.maximum(ends - 1, 0)]]
    return Split(ends[ends + horizon <= border], ends[ends >= border])


def _sample(
    ends: NDArray[np.int64], most: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    if ends.size <= most:
        return ends
    return np.sort(generator.choice(ends, size=most, replace=False))


class Patience:
    """Counts epochs without progress; `stop` is True after `limit` of them."""

    def __init__(self, limit: int) -> None:
        self.limit, self.best, self.waited = limit, float("inf"), 0

    def better(self, loss: float) -> bool:
        """Note an epoch's loss; True when it is clearly the best so far."""
        improved = loss < self.best * 0.999
        self.waited = 0 if improved else self.waited + 1
        if improved:
            self.best = loss
        return improved

    @property
    def stop(self) -> bool:
        return self.waited >= self.limit
