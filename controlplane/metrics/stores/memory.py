"""The store for tests: everything in this process, gone with it. Ships beside the port."""

from collections.abc import Sequence
from datetime import datetime

from controlplane.common.errors import ProductError
from controlplane.metrics.sample import Columns, Identity
from controlplane.metrics.stores.base import Merged, Pending, Points, StoredSeries
from controlplane.metrics.stores.merge import EMPTY, joined, merged, split, within


class MemoryStore:
    """Keeps the port's promises except durability. `next_error` is raised by the next append."""

    def __init__(self) -> None:
        self.next_error: ProductError | None = None
        self._ids: dict[tuple[int, bytes], int] = {}
        self._series: dict[int, tuple[int, Identity]] = {}
        self._log: list[Pending] = []
        self._kept: dict[int, Columns] = {}
        self._received: dict[int, int] = {}

    def register(self, team: int, identities: Sequence[Identity], *, now: datetime) -> list[int]:
        found = []
        for identity in identities:
            number = self._ids.setdefault((team, identity.key()), len(self._ids) + 1)
            self._series.setdefault(number, (team, identity))
            found.append(number)
        return found

    def append(self, pending: Sequence[Pending]) -> None:
        error, self.next_error = self.next_error, None
        if error is not None:
            raise error
        self._log += pending
        for one in pending:
            stamp = round(one.received_at.timestamp() * 1000)
            self._received.update(dict.fromkeys(one.columns.series.tolist(), stamp))

    def find(self, team: int, signals: Sequence[str] | None = None) -> tuple[StoredSeries, ...]:
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
            if owner == team and (signals is None or identity.signal in signals)
        )

    def read(
        self, team: int, series: Sequence[int], *, start_ms: int, end_ms: int
    ) -> dict[int, Points]:
        return split(within(self._all(team), series, start_ms=start_ms, end_ms=end_ms))

    def heard(self, team: int, *, since_ms: int) -> dict[int, int]:
        found: dict[int, int] = {}
        for one in self._log:
            if one.team == team and int(one.columns.ts_ms.max(initial=0)) >= since_ms:
                stamp = round(one.received_at.timestamp() * 1000)
                found.update(dict.fromkeys(one.columns.series.tolist(), stamp))
        return found

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
        return dropped

    def _all(self, team: int) -> Columns:
        parts = [self._kept.get(team, EMPTY)]
        parts += [one.columns for one in self._log if one.team == team]
        return merged(joined(parts))[0]
