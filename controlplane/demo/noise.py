"""A seed and a moment → the same uniform or normal number for ever. Pure numpy.

The demand of any second can be asked for without running the days before it, so history and the
live world, a restart and a test all see one and the same past.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.uint64]


def uniform(seed: int, layer: int, index: Ints) -> Floats:
    """One number in (0, 1) for each index; shape as given. Layers are independent."""
    with np.errstate(over="ignore"):
        start = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(layer)
        words = _mixed(_mixed(np.full(1, start))[0] + index.astype(np.uint64))
    return np.asarray((words >> np.uint64(11)).astype(np.float64) / 2.0**53 + 2.0**-54)


def _mixed(words: Words) -> Words:
    """The finalizer of splitmix64: neighbouring inputs give unrelated outputs."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def normal(seed: int, layer: int, index: Ints) -> Floats:
    """One standard normal number for each index, by Box and Muller; takes two layers."""
    radius = np.sqrt(-2 * np.log(uniform(seed, 2 * layer, index)))
    return np.asarray(radius * np.cos(2 * np.pi * uniform(seed, 2 * layer + 1, index)))


def drift(seed: int, layer: int, times: Floats, *, period: float) -> Floats:
    """A standard normal that wanders: values `period` seconds apart are independent.

    Between two independent numbers it passes from one to the other, scaled so that the variance
    is one everywhere.
    """
    place = times / period
    index = np.floor(place).astype(np.int64)
    share = place - index
    here, there = normal(seed, layer, index), normal(seed, layer, index + 1)
    return np.asarray(((1 - share) * here + share * there) / np.sqrt((1 - share) ** 2 + share**2))
