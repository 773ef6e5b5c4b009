"""The store for tests: everything in this process, gone with it. Ships beside the port."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from controlplane.common.errors import ProductError
from controlplane.metrics.sample import Columns, Identity
from controlplane.metrics.stores.base import (
    Matcher,
    Merged,
    Pending,
    Points,
    StoredSeries,
    Tail,
    holds,
)
from controlplane.metrics.stores.merge import EMPTY, joined, merged, split, within


class MemoryStore:
    """Keeps the port's promises except durability. `next_error` is raised by the next append."""

    def __init__(self) -> None:
        self.next_error: ProductError | None = None
        self._ids: dict[tuple[int, bytes], int] = {}
        self._next = 1
        self._series: dict[int, tuple[int, Identity]] = {}
        self._log: list[Pending] = []
        self._kept: dict[int, Columns] = {}
        self._received: dict[int, int] = {}

    def register(self, team: int, identities: Sequence[Identity], *, now: datetime) -> list[int]:
        found = []
        for identity in identities:
            number = self._ids.setdefault((team, identity.key()), self._next)
            self._next += number == self._next
            self._series.setdefault(number, (team, identity))
            found.append(number)
        return found

    def touch(self, team: int, series: Sequence[int], *, now: datetime) -> set[int]:
        there = {one for one in series if self._series.get(one, (None,))[0] == team}
        self._received.update(dict.fromkeys(there, round(now.timestamp() * 1000)))
        return there

    def append(self, pending: Sequence[Pending]) -> None:
        error, self.next_error = self.next_error, None
        if error is not None:
            raise error
        self._log += pending
        for one in pending:
            stamp = round(one.received_at.timestamp() * 1000)
            self._received.update(dict.fromkeys(one.columns.series.tolist(), stamp))

    def find(
        self,
        team: int,
        signals: Sequence[str] | None = None,
        any_of: Sequence[Matcher] | None = None,
    ) -> tuple[StoredSeries, ...]:
        points = split(self._all(team))
        return tuple(
            StoredSeries(
                number,
                identity.signal,
                identity.kind,
                dict(identity.labels),
                identity.source,
                int(points[number][0][-1]) if number in points else None,
                self._received.get(number),
            )
            for number, (owner, identity) in self._series.items()
            if owner == team
            and (signals is None or identity.signal in signals)
            and (any_of is None or any(holds(dict(identity.labels), want) for want in any_of))
        )

    def tail(self, team: int, *, start_ms: int, end_ms: int) -> Tail:
        log = [one for one in self._log if one.team == team and len(one.columns)]
        stamps = [round(one.received_at.timestamp() * 1000) for one in log]
        received = [
            np.full(len(one.columns), at, np.int64) for one, at in zip(log, stamps, strict=True)
        ]
        return Tail(
            joined([one.columns for one in log]),
            np.concatenate(received or [np.zeros(0, np.int64)]),
        )

    def read(
        self,
        team: int,
        series: Sequence[int],
        *,
        start_ms: int,
        end_ms: int,
        tail: Tail | None = None,
    ) -> dict[int, Points]:
        recent = tail or self.tail(team, start_ms=start_ms, end_ms=end_ms)
        held = merged(joined([self._kept.get(team, EMPTY), recent.columns]))[0]
        return split(within(held, series, start_ms=start_ms, end_ms=end_ms))

    def backfill(self, team: int, columns: Columns, *, now: datetime) -> Merged:
        old = self._kept.get(team, EMPTY)
        self._kept[team], counts = merged(joined([old, columns]))
        stamp = round(now.timestamp() * 1000)
        self._received.update(dict.fromkeys(columns.series.tolist(), stamp))
        return Merged(len(self._kept[team]) - len(old), counts.duplicates, counts.conflicts)

    def compact(self, *, now: datetime, force: bool = False) -> Merged:
        total = Merged()
        log, self._log = self._log, []
        for team in {one.team for one in log}:
            columns = joined([one.columns for one in log if one.team == team])
            total += self.backfill(team, columns, now=now)
        return total

    def retain(self, *, before_ms: int) -> int:
        dropped = 0
        for team, columns in self._kept.items():
            keep = columns.ts_ms >= before_ms
            dropped += int((~keep).sum())
            self._kept[team] = Columns(
                columns.series[keep], columns.ts_ms[keep], columns.values[keep]
            )
        held = {int(one) for kept in self._kept.values() for one in kept.series}
        for number, (team, identity) in list(self._series.items()):
            if number not in held and self._received.get(number, before_ms) < before_ms:
                del self._series[number], self._ids[team, identity.key()]
        return dropped

    def _all(self, team: int) -> Columns:
        parts = [self._kept.get(team, EMPTY)]
        parts += [one.columns for one in self._log if one.team == team]
        return merged(joined(parts))[0]
