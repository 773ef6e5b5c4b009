"""Samples in order of arrival → sorted, unique samples; of equal keys the first one wins."""

from collections.abc import Sequence

import numpy as np

from controlplane.metrics.sample import Columns, Ints
from controlplane.metrics.stores.base import Merged, Points

EMPTY = Columns(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


def joined(parts: Sequence[Columns]) -> Columns:
    """Parts in their order, as one."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return EMPTY
    return Columns(
        np.concatenate([part.series for part in parts]),
        np.concatenate([part.ts_ms for part in parts]),
        np.concatenate([part.values for part in parts]),
    )


def merged(columns: Columns) -> tuple[Columns, Merged]:
    """Sorted by series and time without repeats, and how many repeats there were.

    A repeat with the same bits is a duplicate, one with others a conflict.
    """
    if not len(columns):
        return columns, Merged()
    if _tidy(columns):
        return columns, Merged(len(columns))
    order = np.lexsort((columns.ts_ms, columns.series))  # stable: arrival decides among equals
    series, ts_ms = columns.series[order], columns.ts_ms[order]
    values = columns.values[order]
    first = np.ones(len(columns), bool)
    first[1:] = (series[1:] != series[:-1]) | (ts_ms[1:] != ts_ms[:-1])
    kept = Columns(series[first], ts_ms[first], values[first])
    repeats = int((~first).sum())
    if not repeats:
        return kept, Merged(len(kept))
    bits = values.view(np.int64)
    winners = bits[first][np.cumsum(first) - 1]
    conflicts = int((bits != winners).sum())
    return kept, Merged(len(kept), repeats - conflicts, conflicts)


def _tidy(columns: Columns) -> bool:
    """Whether it is sorted and unique already, as what comes out of chunks alone usually is."""
    steps, waits = np.diff(columns.series), np.diff(columns.ts_ms)
    return bool(((steps > 0) | ((steps == 0) & (waits > 0))).all())


def bounds(series: Ints) -> tuple[Ints, Ints, Ints]:
    """A sorted column → its distinct series and where each begins and ends."""
    starts = np.flatnonzero(np.diff(series, prepend=series[:1] - 1))
    return series[starts], starts, np.append(starts[1:], series.size)


def split(columns: Columns) -> dict[int, Points]:
    """Sorted columns → points by series."""
    if not len(columns):
        return {}
    return {
        int(name): (columns.ts_ms[start:end], columns.values[start:end])
        for name, start, end in zip(*bounds(columns.series), strict=True)
    }


def within(columns: Columns, series: Sequence[int], *, start_ms: int, end_ms: int) -> Columns:
    """The samples of these series in start_ms <= timestamp < end_ms."""
    keep = np.isin(columns.series, np.asarray(series, np.int64))
    keep &= (columns.ts_ms >= start_ms) & (columns.ts_ms < end_ms)
    return Columns(columns.series[keep], columns.ts_ms[keep], columns.values[keep])
