"""One team's batch log → chunks, some hundred series a transaction, and then out of the log."""

from collections.abc import Sequence
from datetime import UTC, datetime
from time import perf_counter, sleep

import numpy as np
from django.db import connection, transaction
from django.db.models import Max

from controlplane.common.errors import Overloaded
from controlplane.metrics.models import Batch
from controlplane.metrics.sample import STALE_BITS, Columns, Ints
from controlplane.metrics.stores import chunks, log
from controlplane.metrics.stores.base import Merged
from controlplane.metrics.stores.guard import guarded
from controlplane.metrics.stores.merge import bounds, joined

AT_ONCE = 400_000  # samples that a round holds in memory
BATCHES_AT_ONCE = 2_000
LONGEST_PAUSE = 0.2  # seconds
PATIENCE = 3  # how often a plan may be overtaken before it is made with the lock held
_LAST = (
    "UPDATE metrics_seriesrow SET last_at = %s, last_value = %s, last_received_at = %s, ended = %s"
    " WHERE id = %s AND (last_at IS NULL OR last_at <= %s)"
)


def compact(team: int) -> Merged:
    """Everything the log holds now, in rounds of bounded size.

    Not what arrives meanwhile: under a steady stream that would never end, and write each open
    chunk anew for every few samples.
    """
    total, after = Merged(), 0
    last = Batch.objects.filter(team_id=team).aggregate(last=Max("id"))["last"] or 0
    while batches := _oldest(team, after, last):
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
            received.append(
                np.full(len(part), round(batch.received_at.timestamp() * 1000), np.int64)
            )
    if not done:
        return Merged()
    moved = store(team, joined(parts), np.concatenate(received))
    with guarded(), transaction.atomic():
        for portion in chunks.portions(done):
            Batch.objects.filter(id__in=portion).delete()
    return moved


def store(team: int, columns: Columns, received_ms: Ints) -> Merged:
    """Samples in order of arrival → chunks, some hundred series a transaction.

    After each, others get the database for as long as it took: SQLite's waiters look again every
    few milliseconds and stand in no queue, so that one who comes back at once could keep them out
    until they give up.
    """
    total, held = Merged(), 0.0
    for share in chunks.shares(columns):
        sleep(min(LONGEST_PAUSE, held))
        part = Columns(columns.series[share], columns.ts_ms[share], columns.values[share])
        began = perf_counter()
        total += _swapped(team, part, received_ms[share])
        held = perf_counter() - began
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


def _lock_team(team: int) -> None:
    """One writer of chunks a team at a time, or two would both extend the same open chunk.

    SQLite has one writer anyway, from the first statement on (transaction_mode IMMEDIATE).
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [0x71D3, team % (1 << 31)])


def _oldest(team: int, after: int, last: int) -> list[Batch]:
    """The batches that one round moves, oldest first."""
    found: list[Batch] = []
    samples = 0
    rows = Batch.objects.filter(team_id=team, id__gt=after, id__lte=last).order_by("id")
    for batch in rows[:BATCHES_AT_ONCE].iterator():
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
    times = columns.ts_ms[last]
    spelt = {ms: _adapted(ms) for ms in np.unique(np.concatenate((times, heard))).tolist()}
    rows = [
        (spelt[at], value if good else None, spelt[received], ended, name, spelt[at])
        for at, value, good, received, ended, name in zip(
            *(part.tolist() for part in (times, values, finite, heard, stale, names)), strict=True
        )
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_LAST, rows)


def _adapted(ms: int) -> str | None:
    """A moment in the database's own spelling, as raw statements by-pass the model's."""
    return connection.ops.adapt_datetimefield_value(datetime.fromtimestamp(ms / 1000, UTC))
