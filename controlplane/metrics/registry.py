"""A series' key in some wire format → how this process stores it, in arrays ready for numpy.

A *slot* is one source series of one team: its stored id (0 until its first sample is kept), what
happens to its values, and its newest timestamp. A request's samples carry slots, so checking and
converting two thousand of them is a handful of array operations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from controlplane.metrics.catalogue.mapping import Bound, bind
from controlplane.metrics.models import SeriesRow
from controlplane.metrics.sample import MAX_SERIES, Fresh, Identity, Ints
from controlplane.metrics.stores.base import MetricStore
from controlplane.metrics.stores.embedded import digest

MAX_KEYS = 200_000  # keys remembered a team; a flood of new names must not fill the memory
LIVE = timedelta(hours=24)  # a series is live when something came for it within this
NEVER = np.iinfo(np.int64).min // 2
_FIELDS = np.dtype(
    [
        ("series", np.int64),  # stored id; 0 before the first sample was kept
        ("newest", np.int64),  # ms; NEVER before the first
        ("pair", np.int64),  # index into `pairs`
        ("factor", np.float64),
        ("divisor", np.float64),
        ("offset", np.float64),
        ("low", np.float64),
        ("high", np.float64),
        ("used", np.bool_),  # False: dropped on purpose
        ("blanks", np.bool_),  # numbers near 2^63 mean "no value"
        ("plain", np.bool_),  # values are stored as they come
    ]
)


@dataclass(frozen=True, slots=True)
class Door:
    """Where keys come from: the same bytes mean different series in different formats."""

    protocol: str
    workload: str = ""


class TeamSeries:
    """One team's slots. Not thread-safe: ingest.py holds its lock around it."""

    def __init__(self, team: int, store: MetricStore) -> None:
        self.team = team
        self._store = store
        self._known: dict[Door, dict[bytes, int]] = {}
        self._identities: list[Identity | None] = []
        self._ids: dict[bytes, int] = {}
        self._table = np.zeros(256, _FIELDS)
        self._pairs: dict[tuple[str, str], int] = {}
        self.pairs: list[tuple[str, str]] = []
        self._witness: tuple[int, str] | None = None

    def known(self, door: Door) -> dict[bytes, int]:
        """Key → slot for one door; the parsers read it."""
        return self._known.setdefault(door, {})

    @property
    def table(self) -> NDArray[np.void]:
        return self._table[: len(self._identities)]

    def identity(self, slot: int) -> Identity | None:
        return self._identities[slot]

    def add(self, fresh: Fresh, door: Door) -> int:
        """A slot for a series that was not known. Nothing is stored yet."""
        slot = len(self._identities)
        if slot == len(self._table):
            self._table = np.concatenate((self._table, np.zeros(slot, _FIELDS)))
        bound = bind(fresh.source, door.workload)
        self._identities.append(bound.identity if bound else None)
        self._table[slot] = self._row(bound)
        self.known(door)[fresh.key] = slot
        return slot

    def _row(self, bound: Bound | None) -> tuple[object, ...]:
        if bound is None:
            return (0, NEVER, 0, 1.0, 1.0, 0.0, -np.inf, np.inf, False, False, True)
        labels = dict(bound.identity.labels)
        pair = (bound.identity.signal, labels.get("workload", ""))
        index = self._pairs.setdefault(pair, len(self.pairs))
        if index == len(self.pairs):
            self.pairs.append(pair)
        factor, divisor, offset = bound.transform
        plain = (factor, divisor, offset) == (1.0, 1.0, 0.0)
        low, high = bound.bounds
        series = self._ids.get(bound.identity.key(), 0)
        return (series, NEVER, index, factor, divisor, offset, low, high, True, bound.blanks, plain)

    def ensure_stored(self, slots: Ints, *, now: datetime) -> NDArray[np.bool_]:
        """Give every slot here a stored id; True where the team's limit refused a new series."""
        table = self.table
        bare = np.unique(slots[table["series"][slots] == 0])
        if not bare.size:
            return np.zeros(slots.size, np.bool_)
        self._register([int(slot) for slot in bare], now)
        return np.asarray(table["series"][slots] == 0)

    def _register(self, slots: list[int], now: datetime) -> None:
        wanted: dict[bytes, Identity] = {}
        for slot in slots:
            identity = self._identities[slot]
            if identity is not None:
                wanted.setdefault(identity.key(), identity)
        new = [identity for key, identity in wanted.items() if key not in self._ids]
        for identity, number in zip(new, self._stored(new, now), strict=False):
            self._ids[identity.key()] = number
            self._witness = (number, digest(identity))
        for slot in slots:
            identity = self._identities[slot]
            if identity is not None:
                self._table["series"][slot] = self._ids.get(identity.key(), 0)

    def _stored(self, new: Sequence[Identity], now: datetime) -> list[int]:
        """Ids of the identities that the limit admits, which are the first ones of `new`."""
        if not new:
            return []
        keys = [digest(identity) for identity in new]
        rows = SeriesRow.objects.filter(team_id=self.team)
        exist = set[str]()
        for low in range(0, len(keys), 900):
            exist.update(rows.filter(key__in=keys[low : low + 900]).values_list("key", flat=True))
        live = rows.filter(created_at__gte=now - LIVE).count()
        live += rows.filter(created_at__lt=now - LIVE, last_at__gte=now - LIVE).count()
        room = max(0, MAX_SERIES - live)
        admitted: list[Identity] = []
        for identity, key in zip(new, keys, strict=True):
            if key in exist or room > 0:
                admitted.append(identity)
                room -= key not in exist
        numbers = self._store.register(self.team, admitted, now=now)
        by_key = {one.key(): number for one, number in zip(admitted, numbers, strict=True)}
        return [by_key[one.key()] for one in new if one.key() in by_key]

    def seen(self, slots: Ints, ts_ms: Ints) -> None:
        """Remember the newest timestamp of each slot."""
        np.maximum.at(self._table["newest"], slots, ts_ms)

    def trustworthy(self) -> bool:
        """Whether the rows this process remembers are still there.

        They are not after the team was deleted, or a test rolled its transaction back; ids may
        then come again for other series.
        """
        if len(self._identities) > MAX_KEYS:
            return False
        if self._witness is None:
            return True
        number, key = self._witness
        return SeriesRow.objects.filter(id=number, team_id=self.team, key=key).exists()
