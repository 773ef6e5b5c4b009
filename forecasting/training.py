"""A long series → which windows to learn from, and which to stop by. Pure numpy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Split:
    """Window ends for learning and, later in time, for deciding when to stop."""

    learn: NDArray[np.int64]
    stop: NDArray[np.int64]


def split(length: int, *, context: int, horizon: int, most: int, seed: int) -> Split:
    """Ends of at most `most` windows to learn from and a quarter as many to stop by.

    The stopping part is the newest 15 %, with a horizon's distance, so that no value is in both.
    """
    border = int(length * 0.85)
    early = np.arange(min(context, border // 2) + horizon, border - horizon)
    late = np.arange(border, length - horizon + 1)
    generator = np.random.default_rng(seed)
    return Split(_sample(early, most, generator), _sample(late, most // 4, generator))


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
        """Note an epoch's loss; True when it is the best so far."""
        improved = loss < self.best * 0.999
        self.waited = 0 if improved else self.waited + 1
        self.best = min(self.best, loss)
        return improved

    @property
    def stop(self) -> bool:
        return self.waited >= self.limit
