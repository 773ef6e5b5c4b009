"""The SQL store: a durable batch log in front, compressed chunks behind, in ordinary tables."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_

import numpy as np
from django.db import transaction
from django.db.models import Exists, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.fields.json import KeyTransform

from controlplane.metrics.models import Batch, Chunk, SeriesRow
from controlplane.metrics.sample import Columns, Identity, Kind
from controlplane.metrics.stores import chunks, compaction, log
from controlplane.metrics.stores.base import (
    Matcher,
    Merged,
    Pending,
    Points,
    StoredSeries,
    Tail,
)
from controlplane.metrics.stores.guard import guarded
from controlplane.metrics.stores.merge import joined, merged, split, within

HOLD = timedelta(minutes=5)  # how long the log keeps a batch before it goes into chunks
CROWDED = 200_000  # samples in the log that make it go sooner
DROPPED_AT_ONCE = 2_000  # chunks in a transaction of retention


class EmbeddedStore:
    """Works the same on SQLite and PostgreSQL; keeps no state but a cache of decoded batches."""

    def register(self, team: int, identities: Sequence[Identity], *, now: datetime) -> list[int]:
        keys = [digest(identity) for identity in identities]
        ids = _ids(team, keys)
        rows = [
            _row(team, key, identity, now)
            for key, identity in zip(keys, identities, strict=True)
            if key not in ids
        ]
        if rows:
            with guarded(), transaction.atomic():
                # Another process may have made the same rows in between: then theirs are taken.
                SeriesRow.objects.bulk_create(rows, ignore_conflicts=True)
            ids = _ids(team, keys)
        return [ids[key] for key in keys]

    def touch(self, team: int, series: Sequence[int], *, now: datetime) -> set[int]:
        rows = SeriesRow.objects.filter(team_id=team)
        there: set[int] = set()
        for portion in chunks.portions(series):
            with guarded():
                rows.filter(id__in=portion).update(last_received_at=now)
                there.update(rows.filter(id__in=portion).values_list("id", flat=True))
        return there

    def append(self, pending: Sequence[Pending]) -> None:
        with guarded(), transaction.atomic():
            log.write([one for one in pending if len(one.columns)])

    def find(
        self,
        team: int,
        signals: Sequence[str] | None = None,
        any_of: Sequence[Matcher] | None = None,
    ) -> tuple[StoredSeries, ...]:
        rows = SeriesRow.objects.filter(team_id=team)
        if signals is not None:
            rows = rows.filter(signal__in=list(signals))
        if any_of is not None:
            rows = _matching(rows, any_of)
        names = ("id", "signal", "kind", "labels", "source", "last_at", "last_received_at")
        return tuple(
            StoredSeries(number, signal, Kind(kind), labels, source, _ms(last), _ms(received))
            for number, signal, kind, labels, source, last, received in rows.order_by(
                "id"
            ).values_list(*names)
        )

    def tail(self, team: int, *, start_ms: int, end_ms: int) -> Tail:
        return log.tail(team, start_ms=start_ms, end_ms=end_ms)

    def read(
        self,
        team: int,
        series: Sequence[int],
        *,
        start_ms: int,
        end_ms: int,
        tail: Tail | None = None,
    ) -> dict[int, Points]:
        # The log is read first: what a compaction moves in between is then seen twice, not never.
        recent = tail or log.tail(team, start_ms=start_ms, end_ms=end_ms)
        settled = chunks.by_series(list(series), start_ms=start_ms, end_ms=end_ms)
        wanted = [
            within(part, series, start_ms=start_ms, end_ms=end_ms)
            for part in (settled, recent.columns)
        ]
        return split(merged(joined(wanted))[0])

    def backfill(self, team: int, columns: Columns, *, now: datetime) -> Merged:
        return compaction.store(team, columns, np.full(len(columns), _at(now), np.int64))

    def compact(self, *, now: datetime, force: bool = False) -> Merged:
        total = Merged()
        waiting = Batch.objects.values("team_id").annotate(
            oldest=Min("received_at"), n=Sum("count")
        )
        for row in list(waiting.order_by("team_id")):
            if force or row["oldest"] <= now - HOLD or row["n"] > CROWDED:
                total += compaction.compact(row["team_id"])
        return total

    def retain(self, *, before_ms: int) -> int:
        dropped = 0
        old = Chunk.objects.filter(end_ms__lt=before_ms).order_by("id")
        while rows := list(old.values_list("id", "count")[:DROPPED_AT_ONCE]):
            with guarded(), transaction.atomic():
                chunks.delete([number for number, _ in rows])
            dropped += sum(count for _, count in rows)
        _forget_series(datetime.fromtimestamp(before_ms / 1000, UTC))
        return dropped


def _forget_series(before: datetime) -> None:
    """Rows of which nothing is left: replicas come and go, and each leaves some hundred series.

    One statement, so that a series that speaks again at this very moment is touched either before
    it, and stays, or after it, and is registered anew.
    """
    silent = Q(last_received_at__lt=before) | Q(last_received_at=None, created_at__lt=before)
    held = Exists(Chunk.objects.filter(series=OuterRef("pk")))
    while True:
        some = list(SeriesRow.objects.filter(silent, ~held).values_list("id", flat=True)[:500])
        with guarded(), transaction.atomic():
            gone = SeriesRow.objects.filter(silent, ~held, id__in=some)
            count = gone._raw_delete(gone.db)
        if not count:
            return


def _matching(rows: QuerySet[SeriesRow], any_of: Sequence[Matcher]) -> QuerySet[SeriesRow]:
    """As `holds` of base.py, in the database: a team may have ten thousand series."""
    if any(not want for want in any_of):
        return rows
    # Aliases, because in a keyword a label called `contains` would mean a lookup.
    names = {name: f"label_{i}" for i, name in enumerate({name for w in any_of for name in w})}
    wanted = [Q(**{names[name]: value for name, value in want.items()}) for want in any_of]
    aliases = {alias: KeyTransform(name, "labels") for name, alias in names.items()}
    return rows.alias(**aliases).filter(reduce(or_, wanted, Q(pk__in=[])))


def digest(identity: Identity) -> str:
    return hashlib.sha256(identity.key()).hexdigest()


def _row(team: int, key: str, identity: Identity, now: datetime) -> SeriesRow:
    return SeriesRow(
        team_id=team,
        key=key,
        signal=identity.signal,
        kind=identity.kind.value,
        labels=dict(identity.labels),
        source=identity.source,
        created_at=now,
    )


def _ids(team: int, keys: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for low in range(0, len(keys), 900):
        rows = SeriesRow.objects.filter(team_id=team, key__in=keys[low : low + 900])
        found.update(rows.values_list("key", "id"))
    return found


def _at(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else _at(moment)
