"""Stored series of one signal and their points → one value a cell. Pure.

Counters become rates, histograms become the quantile that was asked for, and replicas are put
together as the catalogue says for the signal.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from controlplane.metrics.catalogue.mapping import upper_edge
from controlplane.metrics.catalogue.signals import Signal, describe
from controlplane.metrics.functions import (
    aggregate,
    bucket_quantile,
    gauge_on,
    growth_on,
    interval_ms,
    rate_on,
)
from controlplane.metrics.sample import Floats, Ints, Kind
from controlplane.metrics.stores.base import Points, StoredSeries

DEFAULT_INTERVAL_MS = 15_000
LEAST_CARRY_MS = 90_000  # a replica that is silent for this long is no longer counted
SMOOTH_MS = 60_000  # counters in short cells are read over at least this long


@dataclass(frozen=True, slots=True)
class Cells:
    """Where values are wanted; `window_ms` widens what a counter's rate looks back on."""

    edges: Ints
    window_ms: int | None = None

    @property
    def count(self) -> int:
        return max(0, self.edges.size - 1)


Group = tuple[Sequence[StoredSeries], Mapping[int, Points]]


def usual_interval_ms(points: Sequence[Points]) -> int:
    """The shortest usual distance between samples among these series."""
    found = [gap for times, _ in points if (gap := interval_ms(times)) is not None]
    return min(found, default=DEFAULT_INTERVAL_MS)


def carry_ms(points: Points) -> int:
    """How long a series' last sample stands for it: three intervals, 90 s at least."""
    return max(3 * (interval_ms(points[0]) or DEFAULT_INTERVAL_MS), LEAST_CARRY_MS)


def evaluate(signal: Signal, group: Group, cells: Cells, *, quantile: float | None) -> Floats:
    """One value a cell, shape (cells.count,), NaN where nothing is known."""
    if signal.agg == "merge":
        return _merged(group, cells, quantile)
    rows = [_row(one, points, cells, signal.agg) for one, points in _present(group)]
    return aggregate(rows, signal.agg, cells.count)


def one_row(one: StoredSeries, points: Points, cells: Cells) -> Floats:
    """A single series as people read it: counters as rates."""
    return _row(one, points, cells, "mean")


def derived(signal: Signal, parts: Mapping[str, Group], cells: Cells) -> Floats:
    """What a signal that nobody sends adds up to, one value a cell.

    Added up per label set first: the memory in use of a host whose total is known and whose rest
    is not must not count as all of it. Parts that never meet are added as wholes.
    """
    rows = list(derived_rows(signal, parts, cells).values())
    if rows:
        return aggregate(rows, signal.agg, cells.count)
    total = np.zeros(cells.count)
    for part, weight in signal.derive:
        total += weight * evaluate(describe(part), parts[part], cells, quantile=None)
    return total


def derived_rows(
    signal: Signal, parts: Mapping[str, Group], cells: Cells
) -> dict[tuple[tuple[str, str], ...], Floats]:
    """Label set → the derived signal there, for each set that every part has."""
    by_part = [
        (
            weight,
            {_labels(one): one_row(one, points, cells) for one, points in _present(parts[part])},
        )
        for part, weight in signal.derive
    ]
    common = set.intersection(*(set(rows) for _, rows in by_part))
    return {
        labels: np.sum([weight * rows[labels] for weight, rows in by_part], axis=0)
        for labels in sorted(common)
    }


def _labels(one: StoredSeries) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(one.labels.items()))


def _present(group: Group) -> list[tuple[StoredSeries, Points]]:
    stored, points = group
    return [(one, points[one.id]) for one in stored if one.id in points]


def _row(one: StoredSeries, points: Points, cells: Cells, agg: str) -> Floats:
    carry = carry_ms(points)
    if one.kind is Kind.GAUGE:
        how = "max" if agg == "max" else "mean"
        return gauge_on(points, cells.edges, carry_ms=carry, how=how)
    rate = rate_on(points, cells.edges, gap_ms=carry, window_ms=cells.window_ms)
    return np.clip(1.0 - rate, 0.0, 1.0) if one.kind is Kind.COMPLEMENT else rate


def _merged(group: Group, cells: Cells, quantile: float | None) -> Floats:
    """A distribution: from buckets where there are any, else from quantiles somebody pushed."""
    present = _present(group)
    if quantile is None:
        pushed = [pair for pair in present if "quantile" not in pair[0].labels]
        found, how = _histogram_mean(present, cells), "mean"
    else:
        pushed = [pair for pair in present if _is_quantile(pair[0], quantile)]
        # Quantiles of replicas cannot be averaged; the worst replica's is what someone sees.
        found, how = _histogram_quantile(present, cells, quantile), "max"
    gauges = [_row(one, points, cells, how) for one, points in pushed if one.kind is Kind.GAUGE]
    return np.where(np.isfinite(found), found, aggregate(gauges, how, cells.count))


def _is_quantile(one: StoredSeries, quantile: float) -> bool:
    try:
        return abs(float(one.labels.get("quantile", "nan")) - quantile) < 1e-9
    except ValueError:
        return False


def _histogram_quantile(
    present: Sequence[tuple[StoredSeries, Points]], cells: Cells, quantile: float
) -> Floats:
    """Growth per bucket summed over replicas, then the quantile.

    Replicas whose buckets have other edges are not mixed: each grid is taken by itself, and the
    worst of them is returned.
    """
    grids: dict[tuple[float, ...], list[dict[float, Floats]]] = defaultdict(list)
    for rows in _by_replica(present, cells).values():
        grids[tuple(sorted(rows))].append(rows)
    answers = []
    for edges, replicas in grids.items():
        counts = np.stack([np.sum([rows[edge] for rows in replicas], axis=0) for edge in edges])
        answers.append(bucket_quantile(quantile, np.array(edges), counts))
    return aggregate(answers, "max", cells.count)


def _by_replica(
    present: Sequence[tuple[StoredSeries, Points]], cells: Cells
) -> dict[tuple[tuple[str, str], ...], dict[float, Floats]]:
    """Labels without `le` → upper edge → growth a cell."""
    found: dict[tuple[tuple[str, str], ...], dict[float, Floats]] = defaultdict(dict)
    for one, points in present:
        edge = upper_edge(one.labels) if one.kind is Kind.BUCKET else None
        if edge is None:
            continue
        rest = tuple(pair for pair in _labels(one) if pair[0] != "le")
        growth = _growth(points, cells)
        # An engine's next release may write "1.0" for "1": one edge, two series after each other.
        found[rest][edge] = found[rest][edge] + growth if edge in found[rest] else growth
    return found


def _growth(points: Points, cells: Cells) -> Floats:
    growth, _ = growth_on(points, cells.edges, gap_ms=carry_ms(points), window_ms=cells.window_ms)
    return growth


def _histogram_mean(present: Sequence[tuple[StoredSeries, Points]], cells: Cells) -> Floats:
    total, count = np.zeros(cells.count), np.zeros(cells.count)
    for one, points in present:
        if one.kind is Kind.SUM:
            total += _growth(points, cells)
        elif one.kind is Kind.COUNT:
            count += _growth(points, cells)
    mean = np.full(cells.count, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean
