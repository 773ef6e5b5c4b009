"""How long prompts, answers and service times are: log-normal, by median and spread. Pure."""

from dataclasses import dataclass
from math import exp, log

import numpy as np

from controlplane.demo.noise import Floats


@dataclass(frozen=True, slots=True)
class LogNormal:
    """`median` in its own unit; `sigma` is the standard deviation of the natural logarithm."""

    median: float
    sigma: float

    @classmethod
    def of_mean(cls, mean: float, sigma: float) -> "LogNormal":
        return cls(mean * exp(-(sigma**2) / 2), sigma)

    @property
    def mean(self) -> float:
        return float(self.median * exp(self.sigma**2 / 2))

    @property
    def variation(self) -> float:
        """Standard deviation over mean of one draw."""
        return float((exp(self.sigma**2) - 1) ** 0.5)

    def below(self, bounds: Floats) -> Floats:
        """The share of draws at or below each bound; shape as given, 0 for bounds <= 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            deviation = (np.log(np.maximum(bounds, 0.0)) - log(self.median)) / self.sigma
        return np.where(bounds > 0, phi(deviation), 0.0)

    def quantile(self, deviation: float) -> float:
        """The value `deviation` standard deviations above the median: 1.645 for the 95th."""
        return self.median * exp(self.sigma * deviation)

    def means(self, counts: Floats, luck: Floats) -> Floats:
        """The mean of `counts` draws, `luck` standard normals deciding; never below a tenth."""
        error = self.variation / np.sqrt(np.maximum(counts, 1.0))
        return np.asarray(self.mean * np.maximum(0.1, 1 + error * luck))


def phi(deviation: Floats) -> Floats:
    """The standard normal's distribution function to 1e-7, which numpy has not.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.17.
    """
    size = np.abs(np.clip(deviation, -38, 38))
    t = 1 / (1 + 0.2316419 * size)
    series = t * (
        0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)))
    )
    tail = np.exp(-(size**2) / 2) / np.sqrt(2 * np.pi) * series
    return np.asarray(np.where(deviation > 0, 1 - tail, tail), np.float64)
