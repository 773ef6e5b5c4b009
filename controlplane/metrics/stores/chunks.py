"""Samples of many series → chunk rows, merged with the chunks that they touch.

A database has one writer at a time (SQLite) or one per team (PostgreSQL), so what takes long is
done before the transaction: `prepare` reads, merges and encodes, `Plan.apply` only swaps rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import structlog
from django.db import connection

from controlplane.metrics import codec
from controlplane.metrics.models import Chunk, SeriesRow
from controlplane.metrics.sample import Columns, Ints
from controlplane.metrics.stores.base import Merged
from controlplane.metrics.stores.merge import bounds, joined, merged

FULL = 240  # samples; a chunk with fewer is open, and the next compaction adds to it
MOST = 960  # samples in a chunk that is written in one go
OPEN_MS = 3 * 3_600_000  # an open chunk that ended longer ago stays as it is, and is not looked for
SERIES_AT_ONCE = 500  # of one plan: 30 ms of other writers' time, and fewer than 999 parameters
_IDS_AT_ONCE = 900  # bound parameters; older SQLite builds allow 999
_INSERT = (
    "INSERT INTO metrics_chunk (series_id, start_ms, end_ms, count, payload)"
    " VALUES (%s, %s, %s, %s, %s)"
)

T = TypeVar("T")
log = structlog.get_logger(__name__)
Stored = tuple[int, int, bytes]  # id, series, payload
Row = tuple[int, int, int, int, bytes]


@dataclass(frozen=True, slots=True)
class Plan:
    """Chunk rows to write in the place of others, and what that will have done."""

    fresh: Columns  # sorted and unique: what the plan is for
    seen: frozenset[int]  # ids of the chunks that it touches
    old: tuple[int, ...]  # those of them that are to go: all but damaged ones
    rows: tuple[Row, ...]
    merged: Merged

    def apply(self) -> bool:
        """Swap the rows; False when another writer was faster and the plan is out of date.

        Runs inside the caller's transaction, with the team's lock held.
        """
        if frozenset(number for number, *_ in _touched(self.fresh, payloads=False)) != self.seen:
            return False
        _insert(self.rows)
        delete(self.old)
        return True


def prepare(columns: Columns) -> Plan:
    """Samples in order of arrival → the plan to store them. Needs no transaction.

    1. leave out series that were deleted, sort the rest,
    2. find the chunks that are open or reach into the same time and put them in front, as what
       was there first wins,
    3. encode the result as new chunks.
    """
    fresh, own = merged(_owned(columns))
    touched = list(_touched(fresh, payloads=True))
    found = list(_decoded(touched))
    before = joined([part for _, part in found])
    # `before` is unique as long as no two chunks hold one sample; count only what is new.
    settled = merged(before)[0]
    united, counts = merged(joined([settled, fresh]))
    done = Merged(
        len(united) - len(settled),
        own.duplicates + counts.duplicates,
        own.conflicts + counts.conflicts,
    )
    seen = frozenset(number for number, *_ in touched)
    return Plan(fresh, seen, tuple(number for number, _ in found), tuple(_rows(united)), done)


def shares(columns: Columns) -> Iterator[Ints]:
    """The samples of some hundred series at a time, as indices in order of arrival."""
    names = np.unique(columns.series)
    place = np.searchsorted(names, columns.series) // SERIES_AT_ONCE
    for number in range(-(-names.size // SERIES_AT_ONCE)):
        yield np.flatnonzero(place == number)


def _owned(columns: Columns) -> Columns:
    """Without samples of series that are gone: the database would refuse their chunks for ever."""
    names = np.unique(columns.series).tolist()
    there: set[int] = set()
    for portion in portions(names):
        there.update(SeriesRow.objects.filter(id__in=portion).values_list("id", flat=True))
    if len(there) == len(names):
        return columns
    keep = np.isin(columns.series, sorted(there))
    log.warning("compact.series_gone", series=len(names) - len(there), samples=int((~keep).sum()))
    return Columns(columns.series[keep], columns.ts_ms[keep], columns.values[keep])


def _columns(series: int, payload: bytes) -> Columns:
    ts_ms, values = codec.decode(payload)
    return Columns(np.full(ts_ms.size, series, np.int64), ts_ms, values)


def _decoded(stored: Iterable[Stored]) -> Iterator[tuple[int, Columns]]:
    """Chunks that can be read. A damaged one is left where it is, for somebody to look at.

    It must stop neither the compaction of its team nor the reading of all other chunks.
    """
    for number, series, payload in stored:
        try:
            yield number, _columns(series, payload)
        except codec.BadChunk:
            log.error("chunk.damaged", chunk=number, series=series)  # noqa: TRY400 - said per read


def _touched(fresh: Columns, *, payloads: bool) -> Iterator[Stored]:
    """Chunks of these series that are open, or end at or after the first fresh sample."""
    if not len(fresh):
        return
    names, starts, _ = bounds(fresh.series)
    first = dict(zip(names.tolist(), fresh.ts_ms[starts].tolist(), strict=True))
    earliest = int(fresh.ts_ms.min())
    wanted = ("id", "series_id", "end_ms", "count", *(("payload",) if payloads else ()))
    for ids in portions(names.tolist()):
        rows = Chunk.objects.filter(series_id__in=ids, end_ms__gte=earliest - OPEN_MS)
        for number, series, end_ms, count, *rest in rows.order_by("id").values_list(*wanted):
            if end_ms >= first[series] or (count < FULL and end_ms >= first[series] - OPEN_MS):
                yield number, series, bytes(rest[0]) if rest else b""


def _rows(columns: Columns) -> list[Row]:
    return [
        _row(name, columns, low, min(low + MOST, end))
        for name, start, end in zip(
            *(part.tolist() for part in bounds(columns.series)), strict=True
        )
        for low in range(start, end, MOST)
    ]


def _row(series: int, columns: Columns, start: int, end: int) -> Row:
    ts_ms: Ints = columns.ts_ms[start:end]
    payload = codec.encode(ts_ms, columns.values[start:end])
    return series, int(ts_ms[0]), int(ts_ms[-1]), end - start, payload


def _insert(rows: Sequence[Row]) -> None:
    # Not bulk_create: a model instance a row costs six times as much as the insert itself.
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)


def delete(ids: Sequence[int]) -> None:
    for portion in portions(ids):
        Chunk.objects.filter(id__in=portion).delete()


def by_series(ids: Sequence[int], *, start_ms: int, end_ms: int) -> Columns:
    """Every chunk of these series that reaches into the span; by series, oldest row first."""
    found: dict[int, list[Columns]] = defaultdict(list)
    for portion in portions(ids):
        rows = Chunk.objects.filter(
            series_id__in=portion, end_ms__gte=start_ms, start_ms__lt=end_ms
        ).order_by("id")
        stored = (
            (number, series, bytes(payload))
            for number, series, payload in rows.values_list("id", "series_id", "payload")
        )
        for _, part in _decoded(stored):
            found[int(part.series[0])].append(part)
    return joined([part for series in sorted(found) for part in found[series]])


def portions(ids: Sequence[T]) -> Iterable[Sequence[T]]:
    """Ids, or keys, in portions that fit into one statement."""
    for low in range(0, len(ids), _IDS_AT_ONCE):
        yield ids[low : low + _IDS_AT_ONCE]
