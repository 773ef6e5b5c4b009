"""Parsed samples of one team → columns to store, and a fault for each sample that may not be.

The checks are the same for every way in: time, plausibility, and the number of series.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from controlplane.common.errors import Fault
from controlplane.metrics.registry import NEVER, Door, TeamSeries
from controlplane.metrics.sample import AHEAD, LATE, Columns, Floats, Ints, Parsed

# DCGM's ways to say "no value", "not found", "not supported", "not permitted": of 32-bit integers,
# of doubles, and of 64-bit integers, which as doubles are all the same.
_BLANKS = np.array([*range(0x7FFFFFF0, 0x7FFFFFF4), *range(1 << 47, (1 << 47) + 4)], np.float64)
_BLANK = 9.2233720368547758e18
_MOST_FAULTS = 10
_LATE_MS = round(LATE.total_seconds() * 1000)
_AHEAD_MS = round(AHEAD.total_seconds() * 1000)

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Screened:
    """What may be stored, by slot, and what may not."""

    slots: Ints
    columns: Columns
    dropped: int  # samples left out on purpose: blanks, loopback interfaces
    faults: tuple[Fault, ...]
    refused: dict[str, int]  # code → samples

    @property
    def rejected(self) -> int:
        return sum(self.refused.values())


@dataclass(frozen=True, slots=True)
class _Samples:
    slots: Ints
    ts_ms: Ints
    values: Floats
    pointers: tuple[str, ...]

    def pointer(self, index: int) -> str:
        place = index - (self.slots.size - len(self.pointers))
        return self.pointers[place] if place >= 0 else ""


def screen(parsed: Parsed, series: TeamSeries, door: Door, *, now: datetime) -> Screened:
    """1. slots for new series, 2. convert, 3. refuse what can never be right, 4. the series limit.

    Only then are rows made for new series, so that a refused request leaves nothing behind.
    """
    samples = _together(parsed, series, door)
    values = _converted(samples, series)
    used = series.table["used"][samples.slots] & ~_blank(samples, series)
    book = _Book(samples, series, parsed)
    keep = used.copy()
    now_ms = round(now.timestamp() * 1000)
    for code, bad in _wrong(samples, values, series, now_ms):
        book.refuse(code, bad & keep, values)
        keep &= ~bad
    return _settled(samples, values, keep, book, dropped=int((~used).sum()))


def limited(screened: Screened, series: TeamSeries, *, now: datetime, whole: bool) -> Screened:
    """The same once every series has a row; samples of those that may have none are refused.

    With `whole` one that may have none keeps the others from getting theirs.
    """
    over = series.ensure_stored(screened.slots, now=now, whole=whole)
    refused, faults = dict(screened.refused), screened.faults
    if over.any():
        refused["series.limit"] = int(over.sum())
        message = "The team has as many live series as it may; new ones are refused."
        faults = (*faults, Fault("series.limit", message))[:_MOST_FAULTS]
    slots = screened.slots[~over]
    columns = Columns(
        series.table["series"][slots], screened.columns.ts_ms[~over], screened.columns.values[~over]
    )
    return Screened(slots, columns, screened.dropped, faults, refused)


def _together(parsed: Parsed, series: TeamSeries, door: Door) -> _Samples:
    if not parsed.fresh:
        return _Samples(parsed.slots, parsed.ts_ms, parsed.values, parsed.pointers)
    slots = series.add(parsed.fresh, door)
    sizes = [len(one.ts_ms) for one in parsed.fresh]
    pointers = [pointer for one in parsed.fresh for pointer in one.pointers]
    return _Samples(
        np.concatenate((parsed.slots, np.repeat(np.array(slots, np.int64), sizes))),
        np.concatenate(
            (parsed.ts_ms, np.array([t for one in parsed.fresh for t in one.ts_ms], np.int64))
        ),
        np.concatenate((parsed.values, np.array([v for one in parsed.fresh for v in one.values]))),
        (*parsed.pointers, *pointers),
    )


def _converted(samples: _Samples, series: TeamSeries) -> Floats:
    table = series.table
    if table["plain"][samples.slots].all():
        return samples.values
    rows = table[samples.slots]
    with np.errstate(invalid="ignore", over="ignore"):
        values = samples.values * rows["factor"] / rows["divisor"] + rows["offset"]
    # Arithmetic would change the bits of the "series ended" marker, which is a NaN.
    return np.where(np.isfinite(samples.values), values, samples.values)


def _blank(samples: _Samples, series: TeamSeries) -> Mask:
    blank = series.table["blanks"][samples.slots].copy()
    if blank.any():
        values = samples.values[blank]
        blank[blank] = (values >= _BLANK) | np.isin(values, _BLANKS)
    return np.asarray(blank)


def _wrong(
    samples: _Samples, values: Floats, series: TeamSeries, now_ms: int
) -> list[tuple[str, Mask]]:
    table, slots = series.table, samples.slots
    newest = table["newest"][slots]
    # The window hangs on the series' own newest sample, so that a sender that was cut off for
    # two hours may still deliver them; a series without any hangs on the clock.
    floor = np.where(newest == NEVER, now_ms, np.minimum(newest, now_ms)) - _LATE_MS
    finite = np.isfinite(values)
    outside = finite & ((values < table["low"][slots]) | (values > table["high"][slots]))
    return [
        ("ts.too_old", samples.ts_ms < floor),
        ("ts.future", samples.ts_ms > now_ms + _AHEAD_MS),
        ("value.bounds", outside),
    ]


class _Book:
    """Counts what is refused and words the first ten."""

    def __init__(self, samples: _Samples, series: TeamSeries, parsed: Parsed) -> None:
        self._samples = samples
        self._series = series
        self.refused = Counter(dict(parsed.refused))
        self.faults = list(parsed.faults)

    def refuse(self, code: str, bad: Mask, values: Floats) -> None:
        indices = np.flatnonzero(bad)
        if not indices.size:
            return
        self.refused[code] += indices.size
        for index in indices[: max(0, _MOST_FAULTS - len(self.faults))]:
            message = self._sentence(code, int(index), float(values[index]))
            self.faults.append(Fault(code, message, self._samples.pointer(int(index))))

    def _sentence(self, code: str, index: int, value: float) -> str:
        slot = int(self._samples.slots[index])
        identity = self._series.identity(slot)
        name = identity.signal if identity else "This series"
        if code == "ts.too_old":
            return f"{name}: more than an hour older than the newest sample."
        if code == "ts.future":
            return f"{name}: more than ten minutes ahead of our clock."
        row = self._series.table[slot]
        hint = " It is a ratio: send 0.85 for 85 %." if 1 <= row["high"] < 2 < value else ""
        return f"{name} must lie between {row['low']:g} and {row['high']:g}, got {value:g}.{hint}"


def _settled(
    samples: _Samples, values: Floats, keep: Mask, book: _Book, *, dropped: int
) -> Screened:
    slots, ts_ms = samples.slots, samples.ts_ms
    if not keep.all():
        slots, ts_ms, values = slots[keep], ts_ms[keep], values[keep]
    columns = Columns(np.zeros(slots.size, np.int64), ts_ms, values)
    return Screened(slots, columns, dropped, tuple(book.faults), dict(book.refused))
