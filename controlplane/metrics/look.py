"""A team, signals and matchers → the stored series found once, and their values on cells."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import numpy as np

from controlplane.metrics.catalogue.signals import describe
from controlplane.metrics.evaluate import Cells, Group, derived, evaluate
from controlplane.metrics.ingest import store
from controlplane.metrics.sample import Floats, Ints
from controlplane.metrics.stores.base import Matcher, Points, StoredSeries, Tail, holds

T = TypeVar("T")
MOST_CELLS = 3_600  # of a recent past: an hour of seconds; more would be noise and cost seconds


_kept: ContextVar[dict[Hashable, Any] | None] = ContextVar("kept", default=None)


@contextmanager
def together() -> Iterator[None]:
    """While the block runs, the team's series and the log are read once, and not once a workload.

    For a pass over many workloads: what arrives meanwhile is seen by the next pass. Chunks are
    read anew each time.
    """
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def once(key: Hashable, read: Callable[[], T]) -> T:
    """What `read` returns; inside `together` what it returned first."""
    kept = _kept.get()
    if kept is None:
        return read()
    if key not in kept:
        kept[key] = read()
    found: T = kept[key]
    return found


class _Found:
    """Stored series, those of one workload quickly at hand."""

    def __init__(self, stored: Sequence[StoredSeries]) -> None:
        self._stored = stored
        self._named: dict[str, list[StoredSeries]] = {}
        for one in stored:
            self._named.setdefault(one.labels.get("workload", ""), []).append(one)

    def matching(self, any_of: Sequence[Matcher]) -> tuple[StoredSeries, ...]:
        """Each that holds every pair of at least one matcher, in the order of ids."""
        found: dict[int, StoredSeries] = {}
        for want in any_of:
            name = want.get("workload")
            candidates = self._stored if name is None else self._named.get(name, ())
            found.update((one.id, one) for one in candidates if holds(one.labels, want))
        return tuple(found[number] for number in sorted(found))


@dataclass(frozen=True, slots=True)
class Look:
    """The stored series of some signals, with those that they are derived from, that match.

    A stored series matches when its labels hold every pair of at least one matcher.
    """

    team: int
    stored: tuple[StoredSeries, ...]

    @classmethod
    def at(cls, team: int, names: Sequence[str], any_of: Sequence[Matcher]) -> "Look":
        parts = [part for name in names for part, _ in describe(name).derive]
        wanted = tuple(dict.fromkeys([*names, *parts]))
        if _kept.get() is None:
            return cls(team, store.find(team, wanted, any_of))
        found = once(("find", team, wanted), lambda: _Found(store.find(team, wanted)))
        return cls(team, found.matching(any_of))

    def of(self, signal: str) -> list[StoredSeries]:
        return [one for one in self.stored if one.signal == signal]

    def read(self, start_ms: int, end_ms: int, tail: Tail | None = None) -> "Sight":
        """Their points in start_ms <= t < end_ms."""
        ids = [one.id for one in self.stored]
        if not ids:
            return Sight(self, {})
        return Sight(self, store.read(self.team, ids, start_ms=start_ms, end_ms=end_ms, tail=tail))


@dataclass(frozen=True, slots=True)
class Sight:
    """What was looked for, and its points by stored id."""

    look: Look
    points: Mapping[int, Points]

    def group(self, signal: str) -> Group:
        return self.look.of(signal), self.points

    def parts(self, signal: str) -> dict[str, Group]:
        """The groups of those that this signal is derived from."""
        return {part: self.group(part) for part, _ in describe(signal).derive}

    def used(self, signal: str) -> list[StoredSeries]:
        """The series with points that have a part in this signal's value."""
        names = [signal, *self.parts(signal)]
        return [one for name in names for one in self.look.of(name) if one.id in self.points]

    def value(self, signal: str, cells: Cells, *, quantile: float | None) -> Floats:
        """What was sent under this name; where nothing was, what its parts add up to."""
        known = describe(signal)
        values = evaluate(known, self.group(signal), cells, quantile=quantile)
        if not known.derive or np.isfinite(values).any():
            return values
        return derived(known, self.parts(signal), cells)


def edges_of(held: Sequence[Points], interval: int, start_ms: int) -> Ints:
    """Cells after `start_ms` that end where samples are; a regular grid when replicas report at
    different times, or more often than anybody can use. None of fewer than two edges.
    """
    times = np.unique(np.concatenate([ts_ms for ts_ms, _ in held] or [np.zeros(0, np.int64)]))
    times = times[times > start_ms]
    if not times.size:
        return np.zeros(0, np.int64)
    longest = max(int((ts_ms > start_ms).sum()) for ts_ms, _ in held)
    if times.size > min(MOST_CELLS, 1.5 * longest + 1):
        span = int(times[-1]) - start_ms
        step = max(interval, -(-span // MOST_CELLS))
        count = span // step + 1
        return np.asarray(times[-1] - step * np.arange(count, -1, -1, dtype=np.int64))
    first = max(start_ms, int(times[0]) - interval)
    return np.concatenate((np.array([first], np.int64), times))


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def milliseconds(length: timedelta) -> int:
    return round(length.total_seconds() * 1000)


def moment(stamp_ms: int) -> datetime:
    return datetime.fromtimestamp(stamp_ms / 1000, UTC)
