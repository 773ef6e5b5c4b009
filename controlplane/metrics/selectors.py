"""What other parts read: series on a grid, what was seen last, what is listed for the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from controlplane.metrics.catalogue.signals import Signal, describe, signals
from controlplane.metrics.evaluate import (
    SMOOTH_MS,
    Cells,
    evaluate,
    one_row,
    usual_interval_ms,
)
from controlplane.metrics.functions import thinned
from controlplane.metrics.ingest import store
from controlplane.metrics.sample import Floats, Ints, Kind
from controlplane.metrics.stores.base import Points, StoredSeries
from forecasting.series import Series, aligned

Matcher = Mapping[str, str]
Wanted = tuple[str, float | None]  # a signal and the quantile of it, if it is a distribution
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
    span: tuple[datetime, datetime],
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
    span: tuple[datetime, datetime],
    step: timedelta,
) -> dict[Wanted, Series]:
    """Several signals on one grid with one pass over the store: what a page of charts needs."""
    start = aligned(span[0], step)
    count = max(0, -int((start - span[1]) // step))
    cells = Cells(_ms(start) - 1 + np.arange(count + 1, dtype=np.int64) * _milliseconds(step))
    found = _Look(team, _parts([signal for signal, _ in wanted]), any_of)
    points = found.points(_ms(start - MARGIN), _ms(span[1]))
    return {
        one: Series(start, step, _value(one[0], found, points, cells, quantile=one[1]))
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
    # The log's receive times before the rows': what is compacted in between is then in both.
    heard = store.heard(team, since_ms=_ms(now - window - MARGIN))
    found = _Look(team, _parts([signal for signal, _ in wanted]), any_of)
    points = found.points(_ms(now - window - MARGIN), _ms(now) + 1)
    start_ms = _ms(now - window)
    return {
        (signal, quantile): _seen(found, points, heard, (signal, quantile), start_ms)
        for signal, quantile in dict.fromkeys(wanted)
    }


def listed(
    team: int,
    signal: str,
    *,
    any_of: tuple[Matcher, ...],
    span: tuple[datetime, datetime],
    max_points: int = 11_000,
    step: timedelta | None = None,
) -> list[dict[str, Any]]:
    """Each stored series by itself: [{"labels": {}, "points": [[unix seconds, value], …]}].

    With a `step` values are on its grid; without one they are as they came, thinned to
    `max_points` in a way that keeps every peak. Counters are rates.
    """
    found = _Look(team, [signal], any_of)
    points = found.points(_ms(span[0] - MARGIN), _ms(span[1]))
    rows = []
    for one in found.of(signal):
        if one.id in points:
            times, values = _listed(one, points[one.id], span, step)
            kept = thinned((times, values), max_points)
            pairs = [[t / 1000, v] for t, v in zip(kept[0].tolist(), kept[1].tolist(), strict=True)]
            rows.append({"labels": one.labels, "points": pairs})
    return rows


def latest_sample_at(team: int) -> dict[str, datetime]:
    """Workload label → when a sample of it last reached us; "" for samples without a workload."""
    heard = store.heard(team, since_ms=0)
    newest: dict[str, int] = {}
    for one in store.find(team):
        received = max(heard.get(one.id, 0), one.received_ms or 0)
        if received:
            workload = one.labels.get("workload", "")
            newest[workload] = max(received, newest.get(workload, 0))
    return {workload: _moment(received) for workload, received in newest.items()}


def known_signals(team: int) -> list[dict[str, Any]]:
    """The catalogue and whatever else the team has sent, with where and when it was last seen."""
    heard = store.heard(team, since_ms=0)
    by_signal: dict[str, list[StoredSeries]] = {name: [] for name in signals()}
    for one in store.find(team):
        by_signal.setdefault(one.signal, []).append(one)
    return [_entry(describe(name), stored, heard) for name, stored in by_signal.items()]


def _entry(
    signal: Signal, stored: Sequence[StoredSeries], heard: Mapping[int, int]
) -> dict[str, Any]:
    received = [max(heard.get(one.id, 0), one.received_ms or 0) for one in stored]
    last = max(received, default=0)
    return {
        "signal": signal.name,
        "layer": signal.layer if signal.name in signals() or signal.unit else _layer(signal.name),
        "unit": signal.unit,
        "agg": signal.agg,
        "description": {"en": signal.en, "zh-hans": signal.zh},
        "seen": bool(last),
        "last_at": _moment(last) if last else None,
        "workloads": sorted({one.labels["workload"] for one in stored if "workload" in one.labels}),
    }


def _layer(name: str) -> str | None:
    return "business" if name.startswith("business.") else None


class _Look:
    """The stored series of some signals that match, found once."""

    def __init__(self, team: int, names: Sequence[str], any_of: tuple[Matcher, ...]) -> None:
        self._team = team
        self._stored = [
            one for one in store.find(team, names) if any(_holds(one, want) for want in any_of)
        ]

    def of(self, signal: str) -> list[StoredSeries]:
        return [one for one in self._stored if one.signal == signal]

    def points(self, start_ms: int, end_ms: int) -> Mapping[int, Points]:
        ids = [one.id for one in self._stored]
        return store.read(self._team, ids, start_ms=start_ms, end_ms=end_ms) if ids else {}


def _holds(one: StoredSeries, want: Matcher) -> bool:
    return all(one.labels.get(name) == value for name, value in want.items())


def _parts(names: Sequence[str]) -> list[str]:
    """The signals themselves, and those that they are derived from."""
    parts = [part for name in names for part, _ in describe(name).derive]
    return list(dict.fromkeys([*names, *parts]))


def _value(
    name: str,
    found: _Look,
    points: Mapping[int, Points],
    cells: Cells,
    *,
    quantile: float | None,
) -> Floats:
    """What was sent under this name; where nothing was, what its parts add up to."""
    signal = describe(name)
    values = evaluate(signal, (found.of(name), points), cells, quantile=quantile)
    if not signal.derive or np.isfinite(values).any():
        return values
    total = np.zeros(cells.count)
    for part, weight in signal.derive:
        total += weight * evaluate(describe(part), (found.of(part), points), cells, quantile=None)
    return total


def _seen(
    found: _Look,
    points: Mapping[int, Points],
    heard: Mapping[int, int],
    wanted: Wanted,
    start_ms: int,
) -> Seen:
    signal, quantile = wanted
    used = [one for name in _parts([signal]) for one in found.of(name) if one.id in points]
    held = [points[one.id] for one in used]
    interval = usual_interval_ms(held)
    edges = _edges(held, interval, start_ms)
    if edges.size < 2:
        return Seen(None, None, None, (), timedelta(milliseconds=interval))
    window = max(SMOOTH_MS, 2 * interval)
    values = _value(signal, found, points, Cells(edges, window), quantile=quantile)
    good = np.isfinite(values)
    moments = [_moment(t) for t in edges[1:][good].tolist()]
    received = [max(heard.get(one.id, 0), one.received_ms or 0) for one in used]
    return Seen(
        value=float(values[-1]) if good[-1] else None,
        at=moments[-1] if moments else None,
        received_at=_moment(max(received)) if any(received) else None,
        history=tuple(zip(moments, values[good].tolist(), strict=True)),
        interval=timedelta(milliseconds=interval),
    )


def _edges(held: Sequence[Points], interval: int, start_ms: int) -> Ints:
    """Cells that end where samples are; a regular grid when replicas report at different times."""
    if not held:
        return np.zeros(0, np.int64)
    times = np.unique(np.concatenate([ts_ms for ts_ms, _ in held]))
    times = times[times > start_ms]
    if not times.size:
        return np.zeros(0, np.int64)
    longest = max(int((ts_ms > start_ms).sum()) for ts_ms, _ in held)
    if times.size > 1.5 * longest + 1:
        count = int((times[-1] - start_ms) // interval) + 1
        return np.asarray(times[-1] - interval * np.arange(count, -1, -1, dtype=np.int64))
    first = max(start_ms, int(times[0]) - interval)
    return np.concatenate((np.array([first], np.int64), times))


def _listed(
    one: StoredSeries, points: Points, span: tuple[datetime, datetime], step: timedelta | None
) -> Points:
    ts_ms, values = points
    start = _ms(span[0])
    if step is not None:
        first = aligned(span[0], step)
        count = max(0, -int((first - span[1]) // step))
        edges = _ms(first) - 1 + np.arange(count + 1, dtype=np.int64) * _milliseconds(step)
        return edges[:-1] + 1, one_row(one, points, Cells(edges))
    if one.kind is not Kind.GAUGE:
        values = one_row(one, points, Cells(np.concatenate((ts_ms[:1] - 1, ts_ms))))
    inside = ts_ms >= start
    return ts_ms[inside], values[inside]


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _milliseconds(length: timedelta) -> int:
    return round(length.total_seconds() * 1000)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
