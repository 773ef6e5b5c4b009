"""The SQL store: a durable batch log in front, compressed chunks behind, in ordinary tables."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_

import numpy as np
from django.db import OperationalError, connection, transaction
from django.db.models import Min, Q, QuerySet, Sum
from django.db.models.fields.json import KeyTransform

from controlplane.common.errors import Overloaded
from controlplane.metrics.models import Batch, Chunk, SeriesRow
from controlplane.metrics.sample import STALE_BITS, Columns, Identity, Ints, Kind
from controlplane.metrics.stores import chunks, log
from controlplane.metrics.stores.base import (
    Matcher,
    Merged,
    Pending,
    Points,
    StoredSeries,
    Tail,
)
from controlplane.metrics.stores.merge import bounds, joined, merged, split, within

HOLD = timedelta(minutes=5)  # how long the log keeps a batch before it goes into chunks
CROWDED = 200_000  # samples in the log that make it go sooner
AT_ONCE = 400_000  # samples that a round of compaction holds in memory
BATCHES_AT_ONCE = 2_000
PATIENCE = 3  # how often a plan may be overtaken before it is made with the lock held
DROPPED_AT_ONCE = 2_000  # chunks in a transaction of retention
_LAST = (
    "UPDATE metrics_seriesrow SET last_at = %s, last_value = %s, last_received_at = %s, ended = %s"
    " WHERE id = %s AND (last_at IS NULL OR last_at <= %s)"
)


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
        return _stored(team, columns, np.full(len(columns), _at(now), np.int64))

    def compact(self, *, now: datetime, force: bool = False) -> Merged:
        total = Merged()
        waiting = Batch.objects.values("team_id").annotate(
            oldest=Min("received_at"), n=Sum("count")
        )
        for row in list(waiting.order_by("team_id")):
            if force or row["oldest"] <= now - HOLD or row["n"] > CROWDED:
                total += _compact_team(row["team_id"])
        return total

    def retain(self, *, before_ms: int) -> int:
        dropped = 0
        old = Chunk.objects.filter(end_ms__lt=before_ms).order_by("id")
        while rows := list(old.values_list("id", "count")[:DROPPED_AT_ONCE]):
            with guarded(), transaction.atomic():
                chunks.delete([number for number, _ in rows])
            dropped += sum(count for _, count in rows)
        return dropped


class guarded:  # noqa: N801 - reads as the verb it is: `with guarded():`
    """Turns "the database is locked, full or gone" into Overloaded, which is worth a retry."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OperationalError):
            raise Overloaded(
                "store.busy", "The store cannot write now; send this again."
            ) from error


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


def _lock_team(team: int) -> None:
    """One writer of chunks a team at a time, or two would both extend the same open chunk.

    SQLite has one writer anyway, from the first statement on (transaction_mode IMMEDIATE).
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [0x71D3, team % (1 << 31)])


def _compact_team(team: int) -> Merged:
    """Everything the log holds now, in rounds of bounded size."""
    total, after = Merged(), 0
    while batches := _oldest(team, after):
        total += _compact_some(team, batches)
        after = batches[-1].pk
    return total


def _compact_some(team: int, batches: Sequence[Batch]) -> Merged:
    """These batches into chunks, and only then out of the log.

    Whoever is stopped in between leaves samples in both places; they are read once, and the next
    compaction finds them to be duplicates.
    """
    done, parts, received = [], [], []
    for batch in batches:
        part = log.columns_of(batch.pk, batch.payload)
        if part is not None:
            done.append(batch.pk)
            parts.append(part)
            received.append(np.full(len(part), _at(batch.received_at), np.int64))
    if not done:
        return Merged()
    moved = _stored(team, joined(parts), np.concatenate(received))
    with guarded(), transaction.atomic():
        for portion in chunks.portions(done):
            Batch.objects.filter(id__in=portion).delete()
    return moved


def _stored(team: int, columns: Columns, received_ms: Ints) -> Merged:
    """Samples in order of arrival → chunks, some hundred series a transaction."""
    total = Merged()
    for share in chunks.shares(columns):
        part = Columns(columns.series[share], columns.ts_ms[share], columns.values[share])
        total += _swapped(team, part, received_ms[share])
    return total


def _swapped(team: int, columns: Columns, received_ms: Ints) -> Merged:
    for _ in range(PATIENCE):
        plan = chunks.prepare(columns)
        with guarded(), transaction.atomic():
            _lock_team(team)
            if plan.apply():
                _remember_last(columns, received_ms)
                return plan.merged
    with guarded(), transaction.atomic():
        _lock_team(team)  # nobody can be faster now: slower for everybody, but sure
        plan = chunks.prepare(columns)
        if not plan.apply():
            raise Overloaded("store.busy", "Chunks change under the lock; compact again.")
        _remember_last(columns, received_ms)
    return plan.merged


def _oldest(team: int, after: int) -> list[Batch]:
    """The batches that one round moves, oldest first."""
    found: list[Batch] = []
    samples = 0
    rows = Batch.objects.filter(team_id=team, id__gt=after).order_by("id")[:BATCHES_AT_ONCE]
    for batch in rows.iterator():
        samples += batch.count
        found.append(batch)
        if samples >= AT_ONCE:
            break
    return found


def _remember_last(columns: Columns, received_ms: Ints) -> None:
    """Write each series' newest sample to its row, unless the row knows a newer one."""
    if not len(columns):
        return
    order = np.lexsort((columns.ts_ms, columns.series))
    names, starts, ends = bounds(columns.series[order])
    last = order[ends - 1]
    values = columns.values[last]
    stale = values.view(np.uint64) == STALE_BITS
    finite = np.isfinite(values)
    heard = np.maximum.reduceat(received_ms[order], starts)
    rows = []
    for i, name in enumerate(names.tolist()):
        at = _adapted(int(columns.ts_ms[last[i]]))
        value = float(values[i]) if finite[i] else None
        rows.append((at, value, _adapted(int(heard[i])), bool(stale[i]), name, at))
    with connection.cursor() as cursor:
        cursor.executemany(_LAST, rows)


def _adapted(ms: int) -> str | None:
    """A moment in the database's own spelling, as raw statements by-pass the model's."""
    return connection.ops.adapt_datetimefield_value(datetime.fromtimestamp(ms / 1000, UTC))
