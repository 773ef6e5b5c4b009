"""What other parts read: series on a grid, what was seen last, what is listed for the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from controlplane.metrics.catalogue.signals import Signal, describe, signals
from controlplane.metrics.evaluate import (
    SMOOTH_MS,
    Cells,
    derived_rows,
    one_row,
    usual_interval_ms,
)
from controlplane.metrics.functions import thinned
from controlplane.metrics.ingest import store
from controlplane.metrics.look import (
    Look,
    Sight,
    edges_of,
    milliseconds,
    moment,
    ms,
    once,
)
from controlplane.metrics.sample import Floats, Kind
from controlplane.metrics.stores.base import Matcher, Points, StoredSeries
from forecasting.series import Series, aligned

Wanted = tuple[str, float | None]  # a signal and the quantile of it, if it is a distribution
Span = tuple[datetime, datetime]
FOREVER_MS = 1 << 62  # a sample's own time may be ahead of ours
MARGIN = timedelta(minutes=5)  # read before a span, so that its first values have a past


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one signal right now.

    `value` is None when nothing is known or every source has ended; `at` is the newest sample's
    own time and `received_at` when it reached us. `history` holds (time, value) of the window,
    oldest first, and `interval` is how often the source usually reports.
    """

    value: float | None
    at: datetime | None
    received_at: datetime | None
    history: tuple[tuple[datetime, float], ...]
    interval: timedelta


def series(
    team: int,
    signal: str,
    *,
    any_of: tuple[Matcher, ...],
    span: Span,
    step: timedelta,
    quantile: float | None = None,
) -> Series:
    """One signal of one workload on an epoch-aligned grid; NaN where nothing is known.

    A stored series takes part when its labels hold every pair of at least one matcher. Counters
    become rates per second, replicas are put together as the catalogue says.
    """
    wanted = (signal, quantile)
    return series_many(team, [wanted], any_of=any_of, span=span, step=step)[wanted]


def series_many(
    team: int,
    wanted: Sequence[Wanted],
    *,
    any_of: tuple[Matcher, ...],
    span: Span,
    step: timedelta,
) -> dict[Wanted, Series]:
    """Several signals on one grid with one pass over the store: what a page of charts needs."""
    start, cells = _grid(span, step)
    look = Look.at(team, [signal for signal, _ in wanted], any_of)
    sight = look.read(ms(start - MARGIN), ms(span[1]))
    return {
        one: Series(start, step, sight.value(one[0], cells, quantile=one[1]))
        for one in dict.fromkeys(wanted)
    }


def seen(
    team: int,
    signal: str,
    *,
    any_of: tuple[Matcher, ...],
    now: datetime,
    window: timedelta,
    quantile: float | None = None,
) -> Seen:
    """The newest value of one signal and its recent past, up to and including `now`."""
    wanted = (signal, quantile)
    return seen_many(team, [wanted], any_of=any_of, now=now, window=window)[wanted]


def seen_many(
    team: int,
    wanted: Sequence[Wanted],
    *,
    any_of: tuple[Matcher, ...],
    now: datetime,
    window: timedelta,
) -> dict[Wanted, Seen]:
    """Several signals with one pass over the store."""
    # The log before the rows: what is compacted in between is then in both.
    start_ms, end_ms = ms(now - window - MARGIN), ms(now) + 1
    whole = once(
        ("tail", team, start_ms),
        lambda: store.tail(team, start_ms=start_ms, end_ms=FOREVER_MS),
    )
    look = Look.at(team, [signal for signal, _ in wanted], any_of)
    tail = whole.of([one.id for one in look.stored])
    sight = look.read(start_ms, end_ms, tail)
    heard = tail.heard()
    return {one: _seen(sight, heard, one, ms(now - window)) for one in dict.fromkeys(wanted)}


def listed(
    team: int,
    signal: str,
    *,
    any_of: tuple[Matcher, ...],
    span: Span,
    max_points: int = 11_000,
    step: timedelta | None = None,
) -> list[dict[str, Any]]:
    """Each stored series by itself: [{"labels": {}, "points": [[unix seconds, value], …]}].

    With a `step` values are on its grid; without one they are as they came, thinned to
    `max_points` in a way that keeps every peak. Counters are rates. A signal that nobody sends is
    listed as what its parts add up to, for each label set that all of them have.

    The points are an array of shape (n, 2), which a JSON writer that knows numpy writes at once:
    240,000 pairs as Python lists take half a second to make and to throw away.
    """
    look = Look.at(team, [signal], any_of)
    sight = look.read(ms(span[0] - MARGIN), ms(span[1]))
    cells = None if step is None else _grid(span, step)[1]
    rows = [
        (one.labels, _listed(one, sight.points[one.id], span, cells))
        for one in look.of(signal)
        if one.id in sight.points
    ]
    if not rows and describe(signal).derive:
        rows = _listed_derived(sight, signal, span, cells)
    return [{"labels": labels, "points": _pairs(found, max_points)} for labels, found in rows]


def latest_sample_at(team: int) -> dict[str, datetime]:
    """Workload label → when a sample of it last reached us; "" for samples without a workload."""
    heard = store.tail(team, start_ms=0, end_ms=FOREVER_MS).heard()
    newest: dict[str, int] = {}
    for one in store.find(team):
        received = _received(one, heard)
        if received:
            workload = one.labels.get("workload", "")
            newest[workload] = max(received, newest.get(workload, 0))
    return {workload: moment(received) for workload, received in newest.items()}


def known_signals(team: int) -> list[dict[str, Any]]:
    """The catalogue and whatever else the team has sent, with where and when it was last seen."""
    heard = store.tail(team, start_ms=0, end_ms=FOREVER_MS).heard()
    by_signal: dict[str, list[StoredSeries]] = {name: [] for name in signals()}
    for one in store.find(team):
        by_signal.setdefault(one.signal, []).append(one)
    return [_entry(describe(name), by_signal, heard) for name in by_signal]


def _entry(
    signal: Signal, by_signal: Mapping[str, Sequence[StoredSeries]], heard: Mapping[int, int]
) -> dict[str, Any]:
    parts = [part for part, _ in signal.derive]
    stored = [one for name in [signal.name, *parts] for one in by_signal.get(name, ())]
    last = max((_received(one, heard) for one in stored), default=0)
    return {
        "signal": signal.name,
        "layer": signal.layer if signal.name in signals() or signal.unit else _layer(signal.name),
        "unit": signal.unit,
        "agg": signal.agg,
        "description": {"en": signal.en, "zh-hans": signal.zh},
        "seen": bool(last),
        "last_at": moment(last) if last else None,
        "workloads": sorted({one.labels["workload"] for one in stored if "workload" in one.labels}),
    }


def _layer(name: str) -> str | None:
    return "business" if name.startswith("business.") else None


def _received(one: StoredSeries, heard: Mapping[int, int]) -> int:
    """When (ms) a sample of it last reached us, 0 for never."""
    return max(heard.get(one.id, 0), one.received_ms or 0)


def _seen(sight: Sight, heard: Mapping[int, int], wanted: Wanted, start_ms: int) -> Seen:
    signal, quantile = wanted
    used = sight.used(signal)
    held = [sight.points[one.id] for one in used]
    interval = usual_interval_ms(held)
    edges = edges_of(held, interval, start_ms)
    if edges.size < 2:
        return Seen(None, None, None, (), timedelta(milliseconds=interval))
    window = max(SMOOTH_MS, 2 * interval)
    values = sight.value(signal, Cells(edges, window), quantile=quantile)
    good = np.isfinite(values)
    moments = [moment(t) for t in edges[1:][good].tolist()]
    received = [_received(one, heard) for one in used]
    return Seen(
        value=float(values[-1]) if good[-1] else None,
        at=moments[-1] if moments else None,
        received_at=moment(max(received)) if any(received) else None,
        history=tuple(zip(moments, values[good].tolist(), strict=True)),
        interval=timedelta(milliseconds=interval),
    )


def _grid(span: Span, step: timedelta) -> tuple[datetime, Cells]:
    """The first moment of the grid, and cells that each begin at one of its moments."""
    start = aligned(span[0], step)
    count = max(0, -int((start - span[1]) // step))
    length = milliseconds(step)
    return start, Cells(ms(start) - 1 + np.arange(count + 1, dtype=np.int64) * length)


def _listed(one: StoredSeries, points: Points, span: Span, cells: Cells | None) -> Points:
    if cells is not None:
        return cells.edges[:-1] + 1, one_row(one, points, cells)
    ts_ms, values = points
    if one.kind is not Kind.GAUGE:
        values = one_row(one, points, Cells(np.concatenate((ts_ms[:1] - 1, ts_ms))))
    inside = ts_ms >= ms(span[0])
    return ts_ms[inside], values[inside]


def _listed_derived(
    sight: Sight, signal: str, span: Span, cells: Cells | None
) -> list[tuple[dict[str, str], Points]]:
    if cells is not None:
        times = cells.edges[:-1] + 1
    else:
        held = [sight.points[one.id] for one in sight.used(signal)]
        cells = Cells(edges_of(held, usual_interval_ms(held), ms(span[0]) - 1))
        times = cells.edges[1:]
    rows = derived_rows(describe(signal), sight.parts(signal), cells)
    return [(dict(labels), (times, values)) for labels, values in rows.items()]


def _pairs(points: Points, most: int) -> Floats:
    ts_ms, values = thinned(points, most)
    return np.column_stack((ts_ms / 1000, values))
