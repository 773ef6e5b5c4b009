"""A series' key in some wire format → how this process stores it, in arrays ready for numpy.

A *slot* is one source series of one team: its stored id (0 until its first sample is kept), what
happens to its values, and its newest timestamp. A request's samples carry slots, so checking and
converting two thousand of them is a handful of array operations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from controlplane.metrics.catalogue.mapping import Bound, bind
from controlplane.metrics.models import SeriesRow
from controlplane.metrics.sample import MAX_SERIES, Fresh, Identity, Ints
from controlplane.metrics.stores.base import MetricStore
from controlplane.metrics.stores.chunks import portions
from controlplane.metrics.stores.embedded import digest

MAX_KEYS = 50_000  # keys remembered a team, about 1 KB each; beyond them all are learnt anew
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
        self._keys: list[tuple[Door, bytes]] = []
        self._identities: list[Identity | None] = []
        self._free: list[int] = []
        self._added: list[int] = []  # since the last release
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

    def add(self, fresh: Sequence[Fresh], door: Door) -> list[int]:
        """Slots for series that were not known. Nothing is stored yet.

        What an earlier process stored of them is looked up: its ids, and the newest timestamps
        that the late window hangs on. A sender that was kept waiting by our own outage may then
        deliver all it has kept.
        """
        bounds = [bind(one.source, door.workload) for one in fresh]
        newest = self._recall([bound.identity for bound in bounds if bound])
        return [
            self._enter(one.key, door, bound, newest)
            for one, bound in zip(fresh, bounds, strict=True)
        ]

    def _enter(self, key: bytes, door: Door, bound: Bound | None, newest: dict[bytes, int]) -> int:
        slot = self._free.pop() if self._free else self._grown()
        self._added.append(slot)
        identity = bound.identity if bound else None
        self._identities[slot] = identity
        self._keys[slot] = (door, key)
        self._table[slot] = self._row(bound)
        if identity is not None:
            self._table[slot]["newest"] = newest.get(identity.key(), NEVER)
        self.known(door)[key] = slot
        return slot

    def _grown(self) -> int:
        slot = len(self._identities)
        if slot == len(self._table):
            self._table = np.concatenate((self._table, np.zeros(slot, _FIELDS)))
        self._identities.append(None)
        self._keys.append((Door(""), b""))
        return slot

    def _recall(self, identities: Sequence[Identity]) -> dict[bytes, int]:
        """Learn the ids of those that are stored; key → newest timestamp (ms) where one is."""
        asked = {digest(one): one.key() for one in identities if one.key() not in self._ids}
        newest: dict[bytes, int] = {}
        for portion in portions(list(asked)):
            rows = SeriesRow.objects.filter(team_id=self.team, key__in=portion)
            for name, number, last_at in rows.values_list("key", "id", "last_at"):
                self._ids[asked[name]] = number
                self._witness = (number, name)
                if last_at is not None:
                    newest[asked[name]] = round(last_at.timestamp() * 1000)
        return newest

    def release(self) -> None:
        """Forget new slots that got no id: a flood of refused series must not fill the memory."""
        added, self._added = self._added, []
        for slot in added:
            row = self._table[slot]
            if row["used"] and row["series"] == 0:
                door, key = self._keys[slot]
                del self._known[door][key]
                self._identities[slot] = None
                self._free.append(slot)

    def _row(self, bound: Bound | None) -> tuple[object, ...]:
        if bound is None:
            return (0, NEVER, 0, 1.0, 1.0, 0.0, -np.inf, np.inf, False, False, True)
        factor, divisor, offset = bound.transform
        plain = (factor, divisor, offset) == (1.0, 1.0, 0.0)
        low, high = bound.bounds
        series = self._ids.get(bound.identity.key(), 0)
        pair = self._pair(bound.identity) if series else 0
        return (series, NEVER, pair, factor, divisor, offset, low, high, True, bound.blanks, plain)

    def _pair(self, identity: Identity) -> int:
        """The index of (signal, workload), which listeners are told."""
        pair = (identity.signal, dict(identity.labels).get("workload", ""))
        index = self._pairs.setdefault(pair, len(self.pairs))
        if index == len(self.pairs):
            self.pairs.append(pair)
        return index

    def ensure_stored(self, slots: Ints, *, now: datetime, whole: bool) -> NDArray[np.bool_]:
        """Give every slot here a stored id; True where the team's limit refuses a new series.

        With `whole` rows are made only when none is refused.
        """
        table = self.table
        self._revive(slots, now)
        bare = np.unique(slots[table["series"][slots] == 0]).tolist()
        if bare:
            self._register(bare, now, whole=whole)
        return np.asarray(self.table["series"][slots] == 0)

    def _revive(self, slots: Ints, now: datetime) -> None:
        """Series that were silent for a day may have been dropped from the store since."""
        table = self.table
        long_ago = round((now - LIVE).timestamp() * 1000)
        silent = (table["series"][slots] != 0) & (table["newest"][slots] < long_ago)
        if not silent.any():
            return
        waking = np.unique(slots[silent])
        there = self._store.touch(self.team, table["series"][waking].tolist(), now=now)
        for slot in waking.tolist():
            identity = self._identities[slot]
            if int(table["series"][slot]) not in there and identity is not None:
                self._table["series"][slot] = 0
                self._ids.pop(identity.key(), None)

    def _register(self, slots: list[int], now: datetime, *, whole: bool) -> None:
        identities = {slot: one for slot in slots if (one := self._identities[slot])}
        new = {one.key(): one for one in identities.values() if one.key() not in self._ids}
        room = self._room(now) if new else 0
        admitted = [] if whole and len(new) > room else list(new.values())[:room]
        for identity, number in zip(
            admitted, self._store.register(self.team, admitted, now=now), strict=True
        ):
            self._ids[identity.key()] = number
            self._witness = (number, digest(identity))
        for slot, identity in identities.items():
            known = self._ids.get(identity.key())
            if known is not None:
                self._table["series"][slot] = known
                self._table["pair"][slot] = self._pair(identity)

    def _room(self, now: datetime) -> int:
        """How many more series may become live."""
        since = now - LIVE
        rows = SeriesRow.objects.filter(team_id=self.team)
        live = rows.filter(Q(created_at__gte=since) | Q(last_at__gte=since)).count()
        return max(0, MAX_SERIES - live)

    def seen(self, slots: Ints, ts_ms: Ints) -> None:
        """Remember the newest timestamp of each slot."""
        np.maximum.at(self._table["newest"], slots, ts_ms)

    def trustworthy(self) -> bool:
        """Whether the rows this process remembers are still there, and are not too many.

        They are not after the team was deleted, or a test rolled its transaction back; ids may
        then come again for other series.
        """
        if len(self._identities) - len(self._free) > MAX_KEYS:
            return False
        if self._witness is None:
            return True
        number, key = self._witness
        return SeriesRow.objects.filter(id=number, team_id=self.team, key=key).exists()
