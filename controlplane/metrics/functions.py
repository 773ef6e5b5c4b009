"""Raw points of many series → rates, quantiles and one value per interval. Pure numpy.

A *cell* i of `edges` (int64 ms, ascending, shape (n + 1,)) covers edges[i] < t <= edges[i + 1].
NaN is the only spelling of "nothing known".
"""

from collections.abc import Sequence

import numpy as np

from controlplane.metrics.sample import Floats, Ints

Points = tuple[Ints, Floats]


def interval_ms(ts_ms: Ints) -> int | None:
    """The usual distance of neighbouring samples, None with fewer than two."""
    count = ts_ms.size - 1
    if count < 1:
        return None
    # Not np.median: asked of thousands of short series, its overhead is most of a decision's time.
    gaps = np.sort(ts_ms[1:] - ts_ms[:-1])
    return max(1, int(gaps[(count - 1) // 2] + gaps[count // 2]) // 2)


def increases(values: Floats) -> Floats:
    """Growth from each sample of a counter to the next, shape (n - 1,).

    A counter that falls was reset to zero in between, so what it shows now is what it grew by.
    """
    steps = values[1:] - values[:-1]
    return np.where(steps < 0, values[1:], steps)


def increase(points: Points) -> float:
    """Growth over all points, resets included."""
    return float(increases(_finite(points)[1]).sum())


def gauge_on(points: Points, edges: Ints, *, carry_ms: int, how: str = "mean") -> Floats:
    """One value a cell, shape (n,): mean, max or last of the samples in it.

    An empty cell repeats the sample before it for up to `carry_ms`, unless that one was the mark
    of a series that has ended.
    """
    ts_ms, values = points
    count = edges.size - 1
    good = np.isfinite(values)
    cells = np.searchsorted(edges, ts_ms, side="left") - 1
    inside = good & (cells >= 0) & (cells < count)
    found = _gathered(cells[inside], values[inside], count, how)
    last = np.searchsorted(ts_ms, edges[1:], side="right") - 1
    usable = (last >= 0) & np.isnan(found)
    usable[usable] = good[last[usable]] & (edges[1:][usable] - ts_ms[last[usable]] <= carry_ms)
    found[usable] = values[last[usable]]
    return found


def _gathered(cells: Ints, values: Floats, count: int, how: str) -> Floats:
    found = np.full(count, np.nan)
    if how == "last":
        found[cells] = values  # ascending times: the last assignment stays
    elif how == "max":
        np.fmax.at(found, cells, values)
    else:
        hits = np.bincount(cells, minlength=count)
        total = np.bincount(cells, weights=values, minlength=count)
        np.divide(total, hits, out=found, where=hits > 0)
    return found


def growth_on(
    points: Points, edges: Ints, *, gap_ms: int, window_ms: int | None = None
) -> tuple[Floats, Floats]:
    """A counter's growth in each cell, and the seconds of it that samples account for.

    Between two samples at most `gap_ms` apart growth is taken to be even; a longer gap accounts
    for nothing. With `window_ms` each value covers the time before the cell's end that long, which
    smooths cells shorter than a counter's own noise.
    """
    ts_ms, values = _finite(points)
    if ts_ms.size < 2:
        return np.zeros(edges.size - 1), np.zeros(edges.size - 1)
    lengths = ts_ms[1:] - ts_ms[:-1]
    close = lengths <= gap_ms
    grown = np.concatenate(([0.0], np.cumsum(np.where(close, increases(values), 0.0))))
    known = np.concatenate(([0.0], np.cumsum(np.where(close, lengths, 0))))
    starts = edges[:-1] if window_ms is None else edges[1:] - window_ms
    growth = np.interp(edges[1:], ts_ms, grown) - np.interp(starts, ts_ms, grown)
    seconds = (np.interp(edges[1:], ts_ms, known) - np.interp(starts, ts_ms, known)) / 1000
    return growth, seconds


def rate_on(points: Points, edges: Ints, *, gap_ms: int, window_ms: int | None = None) -> Floats:
    """A counter's growth per second in each cell; NaN where less than half of it is known."""
    growth, seconds = growth_on(points, edges, gap_ms=gap_ms, window_ms=window_ms)
    whole = np.diff(edges) / 1000
    usual = (interval_ms(points[0]) or 0) / 1000
    enough = (seconds > 0) & (seconds >= 0.5 * np.minimum(whole, max(usual, 0.001)))
    rate = np.full(growth.size, np.nan)
    np.divide(growth, seconds, out=rate, where=enough)
    return rate


def aggregate(rows: Sequence[Floats], how: str, count: int) -> Floats:
    """Several series' cells → one, by sum, mean or max of what is known; NaN where nothing is."""
    if not rows:
        return np.full(count, np.nan)
    stack = np.stack(rows)
    known = np.isfinite(stack)
    any_known = known.any(axis=0)
    if how == "max":
        best = np.where(known, stack, -np.inf).max(axis=0)
        return np.where(any_known, best, np.nan)
    total = np.where(known, stack, 0.0).sum(axis=0)
    if how == "mean":
        total = total / np.maximum(1, known.sum(axis=0))
    return np.where(any_known, total, np.nan)


def bucket_quantile(quantile: float, edges: Floats, counts: Floats) -> Floats:
    """Quantile of histograms whose buckets are `edges` (m,), ascending and ending in +Inf.

    `counts` (m, n) are cumulative counts of n histograms; the result has shape (n,). Within a
    bucket values are taken to be spread evenly from its lower edge (0 for the first, when its
    upper edge is positive). What lies in the +Inf bucket is known only to exceed the last finite
    edge, which is then returned. NaN for empty histograms and without a +Inf bucket.
    """
    count = counts.shape[1] if counts.ndim == 2 else 0
    if edges.size < 2 or not np.isposinf(edges[-1]):
        return np.full(count, np.nan)
    rising = np.maximum.accumulate(counts, axis=0)  # scraped while counting: force order
    total = rising[-1]
    rank = quantile * total
    bucket = np.minimum((rising < rank).sum(axis=0), edges.size - 1)
    column = np.arange(count)
    before = np.where(bucket > 0, rising[bucket - 1, column], 0.0)
    inside = rising[bucket, column] - before
    lower = np.where(bucket > 0, edges[bucket - 1], min(0.0, float(edges[0])))
    upper = np.where(np.isposinf(edges[bucket]), lower, edges[bucket])
    share = np.divide(rank - before, inside, out=np.zeros(count), where=inside > 0)
    return np.where(total > 0, lower + (upper - lower) * share, np.nan)


def thinned(points: Points, most: int) -> Points:
    """At most `most` points, two at least: the least and the greatest of each stretch."""
    ts_ms, values = _finite(points)
    if ts_ms.size <= most:
        return ts_ms, values
    stretches = max(1, most // 2)
    starts = np.linspace(0, ts_ms.size, stretches, endpoint=False).astype(np.int64)
    ends = np.append(starts[1:], ts_ms.size)
    keep = set[int]()
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        part = values[start:end]
        keep.update((start + int(part.argmin()), start + int(part.argmax())))
    index = np.array(sorted(keep), np.int64)
    return ts_ms[index], values[index]


def _finite(points: Points) -> Points:
    ts_ms, values = points
    good = np.isfinite(values)
    return (ts_ms, values) if good.all() else (ts_ms[good], values[good])
