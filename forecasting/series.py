"""Timestamped values → a regular, immutable series in which NaN means missing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import BadSeries

Values = NDArray[np.float64]
How = Literal["mean", "sum", "max", "last"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Values on a regular grid; `values[i]` belongs to [start + i·step, start + (i+1)·step).

    `start` is aware and in UTC, `step` is positive, `values` is one-dimensional float64 and
    read-only. NaN is the only spelling of "missing"; infinities are refused.
    Raises BadSeries when any of that does not hold.
    """

    start: datetime
    step: timedelta
    values: Values

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise BadSeries("start has no time zone; pass an aware datetime")
        if self.step <= timedelta(0):
            raise BadSeries(f"step must be positive, got {self.step}")
        values = np.array(self.values, dtype=np.float64)
        if values.ndim != 1:
            raise BadSeries(f"values must be one-dimensional, got shape {values.shape}")
        if np.isinf(values).any():
            raise BadSeries("values hold an infinity; store NaN for a missing value")
        values.flags.writeable = False
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "values", values)

    def __len__(self) -> int:
        return int(self.values.size)

    def __eq__(self, other: object) -> bool:
        """The same grid with the same values, missing where the other is missing."""
        if not isinstance(other, Series):
            return NotImplemented
        return (self.start, self.step) == (other.start, other.step) and np.array_equal(
            self.values, other.values, equal_nan=True
        )

    def __hash__(self) -> int:
        return hash((self.start, self.step, len(self)))

    @property
    def end(self) -> datetime:
        """The first instant after the last interval."""
        return self.start + len(self) * self.step

    @property
    def missing(self) -> NDArray[np.bool_]:
        return np.isnan(self.values)

    @property
    def seconds(self) -> float:
        """The step in seconds."""
        return self.step.total_seconds()

    def times(self) -> Values:
        """Start of every interval as Unix seconds, shape (n,)."""
        return self.times_ahead(len(self))

    def times_ahead(self, count: int) -> Values:
        """Start of the first `count` intervals, of the series and of the future behind it."""
        offsets = np.arange(count, dtype=np.float64)
        return np.asarray(self.start.timestamp() + offsets * self.seconds, dtype=np.float64)

    def last_valid(self) -> float | None:
        """The newest value that is present, or None."""
        present = self.values[~self.missing]
        return float(present[-1]) if present.size else None

    def cut(self, start: datetime | None = None, end: datetime | None = None) -> "Series":
        """The intervals that lie wholly inside [start, end)."""
        first = 0 if start is None else max(0, -int((self.start - start) // self.step))
        last = len(self) if end is None else min(len(self), int((end - self.start) // self.step))
        last = max(first, last)
        return Series(self.start + first * self.step, self.step, self.values[first:last])

    def tail(self, count: int) -> "Series":
        """The newest `count` intervals (all of them when there are fewer)."""
        first = max(0, len(self) - count)
        return Series(self.start + first * self.step, self.step, self.values[first:])

    def resample(self, step: timedelta, how: How = "mean") -> "Series":
        """Coarser intervals aligned to the epoch; an interval with no value at all stays NaN.

        Raises BadSeries when `step` is finer than the present one.
        """
        if step < self.step:
            raise BadSeries(f"cannot resample {self.step} to the finer {step}")
        return from_points(
            zip(self.times().tolist(), self.values.tolist(), strict=True),
            span=(self.start, self.end),
            step=step,
            how=how,
        )

    def filled(self, *, limit: int) -> "Series":
        """The first `limit` steps of every gap filled by carrying the last value forward."""
        index = np.arange(len(self))
        present = np.where(self.missing, -1, index)
        np.maximum.accumulate(present, out=present)
        near = (present >= 0) & (index - present <= limit)
        return Series(self.start, self.step, np.where(near, self.values[present], np.nan))


def aligned(moment: datetime, step: timedelta) -> datetime:
    """`moment` rounded down to a multiple of `step` since the epoch, in UTC.

    Whole microseconds are counted, so that no step is ever missed by a rounding error.
    Raises BadSeries when `moment` has no time zone or `step` is not positive.
    """
    if moment.tzinfo is None:
        raise BadSeries("the moment has no time zone; pass an aware datetime")
    if step <= timedelta(0):
        raise BadSeries(f"step must be positive, got {step}")
    return _EPOCH + (moment.astimezone(UTC) - _EPOCH) // step * step


def from_points(
    points: Iterable[tuple[float, float]],
    *,
    span: tuple[datetime, datetime],
    step: timedelta,
    how: How = "mean",
) -> Series:
    """Irregular (unix seconds, value) points → a Series over `span`, epoch-aligned.

    Points outside the span and those that are not finite are ignored; an interval without a
    point is NaN. The order of the points does not matter.
    """
    start = aligned(span[0], step)
    seconds = step.total_seconds()
    count = max(0, -int((start - span[1]) // step))
    pairs = np.array(list(points), dtype=np.float64).reshape(-1, 2)
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    position = (pairs[:, 0] - start.timestamp()) / seconds
    inside = (position >= 0) & (position < count)
    slots = np.floor(position[inside]).astype(np.int64)
    if how == "last":
        order = np.argsort(pairs[inside, 0], kind="stable")
        return Series(start, step, _gather(slots[order], pairs[inside, 1][order], count, how))
    return Series(start, step, _gather(slots, pairs[inside, 1], count, how))


def _gather(slots: NDArray[np.int64], values: Values, count: int, how: How) -> Values:
    hits = np.bincount(slots, minlength=count).astype(np.float64)
    empty = hits == 0
    if how in ("mean", "sum"):
        total = np.bincount(slots, weights=values, minlength=count)
        gathered = total / np.where(empty, 1.0, hits) if how == "mean" else total
    elif how == "max":
        gathered = np.full(count, -np.inf)
        np.maximum.at(gathered, slots, values)
    else:
        gathered = np.zeros(count)
        gathered[slots] = values
    return np.where(empty, np.nan, gathered)
