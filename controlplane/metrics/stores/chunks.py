"""Samples of many series → chunk rows, merged with the chunks that they touch.

A database has one writer at a time (SQLite) or one per team (PostgreSQL), so what takes long is
done before the transaction: `prepare` reads, merges and encodes, `Plan.apply` only swaps rows.
"""

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
SERIES_AT_ONCE = 200  # of one plan: 10 ms of other writers' time, and fewer than 999 parameters
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
    old, before = _decoded(touched)
    # `before` is unique as long as no two chunks hold one sample; count only what is new.
    settled = merged(before)[0]
    united, counts = merged(joined([settled, fresh]))
    done = Merged(
        len(united) - len(settled),
        own.duplicates + counts.duplicates,
        own.conflicts + counts.conflicts,
    )
    seen = frozenset(number for number, *_ in touched)
    return Plan(fresh, seen, old, tuple(_rows(united)), done)


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


def _decoded(stored: Iterable[Stored]) -> tuple[tuple[int, ...], Columns]:
    """The ids of chunks that can be read, and their samples in the same order.

    A damaged one is left where it is, for somebody to look at: it must stop neither the compaction
    of its team nor the reading of all other chunks.
    """
    good: list[tuple[int, int, codec.Opened]] = []
    for number, series, payload in stored:
        try:
            good.append((number, series, codec.opened(payload)))
        except codec.BadChunk:
            log.error("chunk.damaged", chunk=number, series=series)  # noqa: TRY400 - said per read
    ts_ms, values = codec.decode_all([one for *_, one in good])
    owners = np.array([series for _, series, _ in good], np.int64)
    counts = [one.count for *_, one in good]
    return tuple(number for number, *_ in good), Columns(np.repeat(owners, counts), ts_ms, values)


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


def _rows(columns: Columns) -> Iterable[Row]:
    """Sorted samples → rows of at most MOST samples each."""
    spans = zip(*(part.tolist() for part in bounds(columns.series)), strict=True)
    starts = [low for _, start, end in spans for low in range(start, end, MOST)]
    if not starts:
        return []
    cuts = np.array([*starts, len(columns)], np.int64)
    payloads = codec.encode_all(columns.ts_ms, columns.values, cuts, pack_from=FULL)
    return zip(
        columns.series[cuts[:-1]].tolist(),
        columns.ts_ms[cuts[:-1]].tolist(),
        columns.ts_ms[cuts[1:] - 1].tolist(),
        np.diff(cuts).tolist(),
        payloads,
        strict=True,
    )


def _insert(rows: Sequence[Row]) -> None:
    # Not bulk_create: a model instance a row costs six times as much as the insert itself.
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)


def delete(ids: Sequence[int]) -> None:
    for portion in portions(ids):
        Chunk.objects.filter(id__in=portion).delete()


def by_series(ids: Sequence[int], *, start_ms: int, end_ms: int) -> Columns:
    """Every chunk of these series that reaches into the span; by series, oldest row first."""
    parts = []
    for portion in portions(sorted(ids)):
        rows = Chunk.objects.filter(
            series_id__in=portion, end_ms__gte=start_ms, start_ms__lt=end_ms
        ).order_by("series_id", "id")
        stored = rows.values_list("id", "series_id", "payload")
        parts.append(_decoded((number, one, bytes(data)) for number, one, data in stored)[1])
    return joined(parts)


def portions(ids: Sequence[T]) -> Iterable[Sequence[T]]:
    """Ids, or keys, in portions that fit into one statement."""
    for low in range(0, len(ids), _IDS_AT_ONCE):
        yield ids[low : low + _IDS_AT_ONCE]
