"""A series → its daily profile: what this time of day usually looks like. Pure numpy.

The profile is learnt in log space from the deviation of each value from a day's moving level, so
that a growing service and a shrinking one have the same shape. It is shrunk towards flat by how
well the other days foretell each day's own moves: a service without a daily habit gets none.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecasting.series import Series, Values

DAY_SECONDS = timedelta(days=1).total_seconds()
SMOOTHING_SECONDS = 900.0  # on each side: one odd minute is not a habit
LEAST_SLOTS_ASIDE = 3  # coarse series: at least so many, or few days show only noise
PASSES = 3  # level and profile are estimated in turn; the edges need it, where a day is cut


@dataclass(frozen=True, slots=True)
class Profile:
    """Usual log deviation from the day's level per time of day; `slots` covers one UTC day."""

    slots: Values
    seconds: float  # of one slot
    unit: float  # values are measured in it before the logarithm is taken

    def at(self, times: Values) -> Values:
        """Deviation at Unix times (s), shape as given."""
        return np.asarray(self.slots[_slot(times, self)], dtype=np.float64)

    def config(self) -> dict[str, float]:
        """What `restored` needs beside the slots."""
        return {"seconds": self.seconds, "unit": self.unit}

    @classmethod
    def restored(cls, config: dict[str, float], slots: NDArray[Any]) -> Self:
        """The same profile again."""
        return cls(slots.astype(np.float64), float(config["seconds"]), float(config["unit"]))


@dataclass(frozen=True, slots=True)
class Habit:
    """A profile, and what the *other* days say about each index of the series it came from.

    `others` has `beyond` more entries than the series. To learn how far a profile can be trusted
    one must not look at a day through a profile that contains this very day.
    """

    profile: Profile
    others: Values


def habit(series: Series, unit: float, *, beyond: int) -> Habit:
    """The day's profile, shrunk by how well it foretells moves over `beyond` steps.

    Flat when there are fewer than two days: one day says nothing about the next.
    """
    flat = Profile(np.zeros(_slots(series.seconds)), series.seconds, unit)
    if len(series) < 2 * flat.slots.size:
        return Habit(flat, np.zeros(len(series) + beyond))
    places = _places(series.times_ahead(len(series) + beyond), flat)
    logs = np.log1p(np.maximum(series.values, 0.0) / unit)
    shape, others = flat.slots, flat.slots
    for _pass in range(PASSES):
        rest = logs - shape[places.slot[: logs.size]]
        shape, others = _means(logs - _level(rest, places.count), places)
    apart = others[places.day, places.slot]
    trust = _trust(logs, apart, beyond)
    return Habit(Profile(trust * shape, series.seconds, unit), trust * apart)


@dataclass(frozen=True, slots=True)
class _Places:
    """Which slot of which day each index belongs to; days count from the first."""

    slot: NDArray[np.int64]
    day: NDArray[np.int64]
    count: int  # slots in a day


def _places(times: Values, profile: Profile) -> _Places:
    day = np.floor(times / DAY_SECONDS).astype(np.int64)
    return _Places(_slot(times, profile), day - day[0], profile.slots.size)


def _slots(seconds: float) -> int:
    return max(1, round(DAY_SECONDS / seconds))


def _slot(times: Values, profile: Profile) -> NDArray[np.int64]:
    return np.floor(times % DAY_SECONDS / profile.seconds).astype(np.int64) % profile.slots.size


def _means(deviation: Values, places: _Places) -> tuple[Values, Values]:
    """The smoothed mean per slot (count,), and the same without each day (days, count)."""
    shape = (int(places.day[-1]) + 1, places.count)
    present = np.flatnonzero(np.isfinite(deviation))
    index = places.day[present] * places.count + places.slot[present]
    reach = _reach(places.count)
    hits, total = (
        _around(_summed(index, weights, shape), reach)
        for weights in (np.ones(present.size), deviation[present])
    )
    whole = _ratio(total.sum(axis=0), hits.sum(axis=0))
    return whole, _ratio(total.sum(axis=0) - total, hits.sum(axis=0) - hits)


def _summed(index: NDArray[np.int64], weights: Values, shape: tuple[int, int]) -> Values:
    flat = np.bincount(index, weights=weights, minlength=shape[0] * shape[1])
    return np.asarray(flat.reshape(shape), dtype=np.float64)


def _trust(logs: Values, usual: Values, beyond: int) -> float:
    """The share of a foretold move that came true, from 0 to 1, by least squares."""
    came = logs[beyond:] - logs[:-beyond]
    said = (usual[beyond:] - usual[:-beyond])[: came.size]
    known = np.isfinite(came)
    power = float((said[known] ** 2).sum())
    if power < 1e-12:
        return 0.0
    return float(np.clip((said[known] * came[known]).sum() / power, 0.0, 1.0))


def _level(logs: Values, window: int) -> Values:
    """Centred mean over one day, ignoring what is missing."""
    present = np.isfinite(logs)
    total = _moving(np.where(present, logs, 0.0), window)
    hits = _moving(present.astype(np.float64), window)
    return _ratio(total, hits, empty=np.nan)


def _moving(values: Values, window: int) -> Values:
    """Sum over the `window` values around each index, fewer at the edges."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    at = np.arange(values.size)
    first = np.maximum(0, at - window // 2)
    last = np.minimum(values.size, at - window // 2 + window)
    return np.asarray(sums[last] - sums[first], dtype=np.float64)


def _ratio(total: Values, hits: Values, *, empty: float = 0.0) -> Values:
    some = hits > 0.5  # sums of whole numbers: anything below is rounding
    return np.asarray(np.where(some, total / np.where(some, hits, 1.0), empty), dtype=np.float64)


def _reach(count: int) -> int:
    """Slots on each side that are averaged."""
    slots = round(SMOOTHING_SECONDS * count / DAY_SECONDS)
    return min(max(LEAST_SLOTS_ASIDE, slots), count // 8)


def _around(rows: Values, reach: int) -> Values:
    """Circular sum over `reach` slots on each side, row by row."""
    padded = np.concatenate([rows[:, rows.shape[1] - reach :], rows, rows[:, :reach]], axis=1)
    sums = np.cumsum(np.concatenate([np.zeros((len(rows), 1)), padded], axis=1), axis=1)
    return np.asarray(sums[:, 2 * reach + 1 :] - sums[:, : -2 * reach - 1], dtype=np.float64)
