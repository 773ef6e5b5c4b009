"""A shape and a seed → how many requests arrive, how long they are. Pure numpy, all synthetic.

Nothing here is a copy of recorded data. The shapes follow published facts about language-model
services:

* Day and week. Azure's 2024 conversation trace (published with DynamoLLM, HPCA 2025): the busiest
  hour of the day carries 1.7 times the quietest, a weekend day 0.54 of a weekday. SageServe's
  production service: 3.1 times. BurstGPT (Wang et al., 2024; GPT services of a region): nights
  near zero, weekends at 0.5 to 0.6. ServeGen (Xiang et al., NSDI 2026; Alibaba): between
  1.1 and 19 times, model by model.
* Minutes. SageServe's development service: log residuals around the two-hour median correlate by
  0.64 after one minute, 0.4 after five and 0.2 after ten, with a standard deviation of 0.57; its
  production service 0.26, uncorrelated.
* Bursts. SageServe's production service exceeds 1.8 times its two-hour median 35 times a day,
  mostly for a single minute, by 2.3 times in the median and 4.1 in the 90th percentile; bursts of
  five minutes or more come every four days there and five times a day in the development service.
* Seconds. BurstGPT and ServeGen both find arrivals burstier than Poisson and fit Gamma gaps; here
  the variance of a count is a multiple of its mean (1 would be Poisson).
* Lengths. Splitwise (Patel et al., ISCA 2024; Azure's 2023 traces): median prompt 1,020 tokens in
  conversation, 1,500 in coding; median answer 129 and 13. The 2024 conversation trace: a mean
  prompt of 1,631. ServeGen fits prompts by a log-normal body with a Pareto tail and answers by an
  exponential; here both are log-normal, which keeps median and mean and thins the tail.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from controlplane.demo.lengths import LogNormal
from controlplane.demo.noise import Floats, Ints, drift, normal, uniform

SLOT = 3600.0  # seconds; bursts are drawn slot by slot
MOST_IN_SLOT = 8
LONGEST = 6 * SLOT  # nothing of a burst is left after this
WEEK_HOURS = 168
_DRIFT, _BURST, _COUNT, _LENGTH = 100, 1000, 50, 60  # layers of the noise, far apart


@dataclass(frozen=True, slots=True)
class Bursts:
    """How often, how large and how long. `size` is the median excess, in parts of the usual rate.

    Each rises evenly within `onset` seconds. A `decay` then fades with `minutes` as its time
    constant (a post goes round); a `plateau` stays at one height and is gone after `minutes` (a
    batch job).
    """

    per_day: float
    size: float
    minutes: float
    onset: float = 60.0
    form: Literal["decay", "plateau"] = "decay"
    size_sigma: float = 0.5
    minutes_sigma: float = 0.5


@dataclass(frozen=True, slots=True)
class Follows:
    """Demand that another shape causes, `lag` seconds later."""

    shape: "Shape"
    share: float
    lag: float


@dataclass(frozen=True, slots=True)
class Shape:
    """The requests per second of one service.

    `mean` is the rate over a week without bursts; `hours` the weekday's profile (24 values of any
    scale), `weekend` a weekend day's level against a weekday's; `drifts` are (seconds, log
    deviation) of correlated noise; `dispersion` is variance over mean of a count at one rate.
    """

    salt: int
    mean: float
    hours: tuple[float, ...] = (1.0,) * 24
    weekend: float = 1.0
    drifts: tuple[tuple[float, float], ...] = ()
    bursts: tuple[Bursts, ...] = ()
    dispersion: float = 1.5
    follows: Follows | None = None

    def rate(self, seed: int, times: Floats) -> Floats:
        """Requests per second at Unix times (s); shape (n,)."""
        own = seed * 1_000_003 + self.salt
        if self.follows is None:
            usual = self.mean * self._week(times)
        else:
            cause = self.follows
            usual = cause.share * cause.shape.rate(seed, times - cause.lag)
        wander = sum(
            (
                sigma * drift(own, _DRIFT + layer, times, period=period) - sigma**2 / 2
                for layer, (period, sigma) in enumerate(self.drifts)
            ),
            np.zeros(times.size),
        )
        return np.asarray(usual * np.exp(wander) * (1 + self._excess(own, times)))

    def _week(self, times: Floats) -> Floats:
        """The hour-of-week profile with mean one, drawn through the middle of each hour."""
        day = np.array(self.hours)
        week = np.concatenate([day] * 5 + [day * self.weekend] * 2)
        hours = (times / 3600 + 3 * 24) % WEEK_HOURS  # the epoch was a Thursday
        return np.interp(hours - 0.5, np.arange(-1, WEEK_HOURS + 1), _ringed(week / week.mean()))

    def _excess(self, own: int, times: Floats) -> Floats:
        found = np.zeros(times.size)
        if times.size and self.bursts:
            first = int((times.min() - LONGEST) // SLOT)
            slots = np.arange(first, int(times.max() // SLOT) + 1)
            for layer, kind in enumerate(self.bursts):
                _add_bursts(found, times, kind, own + 7919 * (layer + 1), slots)
        return found


def _ringed(values: Floats) -> Floats:
    """One value more at either end, so that the week closes on itself."""
    return np.concatenate((values[-1:], values, values[:1]))


def _add_bursts(found: Floats, times: Floats, kind: Bursts, own: int, slots: Ints) -> None:
    """Add the excess of every burst that begins in one of the slots."""
    expected = kind.per_day * SLOT / 86400
    counts = _poisson(expected, uniform(own, _BURST, slots))
    for nth in range(int(counts.max(initial=0))):
        chosen = slots[counts > nth]
        layer = _BURST + 10 * (nth + 1)
        starts = (chosen + uniform(own, layer, chosen)) * SLOT
        sizes = kind.size * np.exp(kind.size_sigma * normal(own, layer + 1, chosen))
        lasts = 60 * kind.minutes * np.exp(kind.minutes_sigma * normal(own, layer + 3, chosen))
        for start, size, last in zip(starts, sizes, lasts, strict=True):
            low, high = np.searchsorted(times, (start, start + LONGEST))
            found[low:high] += size * _risen(kind, times[low:high] - start, last)


def _risen(kind: Bursts, since: Floats, last: float) -> Floats:
    """The share of its size that a burst has `since` seconds after its beginning."""
    rise = np.clip(since / kind.onset, 0, 1)
    if kind.form == "plateau":
        return np.asarray(rise * np.clip((last - since) / kind.onset, 0, 1))
    return np.asarray(rise * np.exp(-np.maximum(since - kind.onset, 0) / last))


def _poisson(mean: float, luck: Floats) -> Ints:
    """Poisson numbers by inversion, MOST_IN_SLOT at most; shape as given."""
    terms = np.cumprod(np.concatenate(([1.0], mean / np.arange(1, MOST_IN_SLOT))))
    return np.searchsorted(np.exp(-mean) * np.cumsum(terms), luck).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Lot:
    """What arrives in consecutive steps: requests, and mean tokens of a request; shape (n,).

    NaN requests: nothing is known about that step. NaN tokens: lengths are not known.
    """

    requests: Floats
    input_tokens: Floats
    output_tokens: Floats


class Source(Protocol):
    """Where demand comes from: a generator, or a recording."""

    def lot(self, start: float, *, step: float, count: int) -> Lot:
        """`count` steps of `step` seconds from Unix time `start` on."""


@dataclass(frozen=True, slots=True)
class Generated:
    """Demand made from a shape; the same seed gives the same world."""

    shape: Shape
    seed: int
    prompts: LogNormal
    answers: LogNormal | None = None

    def lot(self, start: float, *, step: float, count: int) -> Lot:
        """Counts of different step lengths agree in the mean, not in each draw."""
        middles = np.asarray(start + (np.arange(count) + 0.5) * step, np.float64)
        means = self.shape.rate(self.seed, middles) * step
        rows = np.floor(middles).astype(np.int64)
        own = self.seed * 1_000_003 + self.shape.salt
        requests = _counts(means, self.shape.dispersion, own, rows)
        answers = self.answers
        return Lot(
            requests,
            self.prompts.means(requests, normal(own, _LENGTH, rows)),
            np.full(count, np.nan)
            if answers is None
            else answers.means(requests, normal(own, _LENGTH + 1, rows)),
        )


def _counts(means: Floats, dispersion: float, own: int, rows: Ints) -> Floats:
    """Whole numbers with these means and variance over mean, one draw per row's own seed.

    Normal on the scale of square roots, on which counts of any size from about ten on are equally
    spread; they stay positive and skewed.
    """
    luck = normal(own, _COUNT, rows)
    roots = np.sqrt(np.maximum(means - dispersion / 4, 0)) + np.sqrt(dispersion) / 2 * luck
    return np.asarray(np.rint(np.maximum(roots, 0) ** 2))
