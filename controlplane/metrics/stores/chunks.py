"""Sorted samples of many series → chunk rows, merged with the chunks that they touch."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from django.db import connection
from django.db.models import Q

from controlplane.metrics import codec
from controlplane.metrics.models import Chunk
from controlplane.metrics.sample import Columns, Ints
from controlplane.metrics.stores.base import Merged
from controlplane.metrics.stores.merge import bounds, joined, merged

FULL = 240  # samples; a chunk with fewer is open, and the next compaction adds to it
MOST = 960  # samples in a chunk that is written in one go
_IDS_AT_ONCE = 900  # bound parameters; older SQLite builds allow 999
_INSERT = (
    "INSERT INTO metrics_chunk (series_id, start_ms, end_ms, count, payload)"
    " VALUES (%s, %s, %s, %s, %s)"
)

Stored = tuple[int, int, int, bytes]  # id, series, end_ms, payload
Row = tuple[int, int, int, int, bytes]


def store(columns: Columns) -> Merged:
    """Merge these samples, in order of arrival, into chunks. Runs inside the caller's transaction.

    1. sort them and find the chunks that are open or reach into the same time,
    2. put those in front, as what was there first wins,
    3. write the result as new chunks and delete the old ones.
    """
    fresh, own = merged(columns)
    if not len(fresh):
        return Merged()
    old = list(_touched(fresh))
    if not old:
        _insert(_rows(fresh))
        return own
    before = joined([_columns(series, payload) for _, series, _, payload in old])
    # `before` is unique as long as no two chunks hold one sample; count only what is new.
    united, counts = merged(joined([before, fresh]))
    _insert(_rows(united))
    delete([number for number, *_ in old])
    return Merged(
        len(united) - len(merged(before)[0]),
        own.duplicates + counts.duplicates,
        own.conflicts + counts.conflicts,
    )


def _columns(series: int, payload: bytes) -> Columns:
    ts_ms, values = codec.decode(payload)
    return Columns(np.full(ts_ms.size, series, np.int64), ts_ms, values)


def _touched(fresh: Columns) -> Iterable[Stored]:
    """Chunks of these series that are open, or end at or after the first fresh sample."""
    names, starts, _ = bounds(fresh.series)
    first = dict(zip(names.tolist(), fresh.ts_ms[starts].tolist(), strict=True))
    earliest = int(fresh.ts_ms.min())
    for ids in portions(names.tolist()):
        rows = Chunk.objects.filter(series_id__in=ids).filter(
            Q(end_ms__gte=earliest) | Q(count__lt=FULL)
        )
        for number, series, end_ms, count, payload in rows.order_by("id").values_list(
            "id", "series_id", "end_ms", "count", "payload"
        ):
            if count < FULL or end_ms >= first[series]:
                yield number, series, end_ms, bytes(payload)


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
    """Every chunk of these series that reaches into the span, oldest row first."""
    found: dict[int, list[Columns]] = defaultdict(list)
    for portion in portions(ids):
        rows = Chunk.objects.filter(
            series_id__in=portion, end_ms__gte=start_ms, start_ms__lt=end_ms
        )
        for series, payload in rows.order_by("id").values_list("series_id", "payload"):
            found[series].append(_columns(series, bytes(payload)))
    return joined([part for parts in found.values() for part in parts])


def portions(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    """Ids in portions that fit into one statement."""
    for low in range(0, len(ids), _IDS_AT_ONCE):
        yield ids[low : low + _IDS_AT_ONCE]
