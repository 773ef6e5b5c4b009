"""The SQL store's own matters: when it compacts, crashes, races, damage, retention, overload."""

import struct
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import OperationalError, transaction

from controlplane.accounts.models import Team
from controlplane.common.errors import Overloaded
from controlplane.metrics.models import Batch, Chunk, SeriesRow
from controlplane.metrics.sample import STALE_BITS, Columns, Identity, Kind
from controlplane.metrics.stores import chunks, compaction, embedded, log
from controlplane.metrics.stores.base import Merged, Pending
from controlplane.metrics.stores.embedded import EmbeddedStore

pytestmark = pytest.mark.django_db

store = EmbeddedStore()


def ids(team: Team, count: int, now: datetime) -> list[int]:
    made = [Identity("x", Kind.GAUGE, (("n", f"{i:04}"),), "x") for i in range(count)]
    return store.register(team.pk, made, now=now)


def put(team: Team, now: datetime, *samples: tuple[int, int, float]) -> None:
    series, ts_ms, values = zip(*samples, strict=True)
    columns = Columns(np.array(series), np.array(ts_ms), np.array(values, np.float64))
    store.append([Pending(team.pk, columns, now)])


def points(team: Team, *series: int) -> dict[int, list[tuple[int, float]]]:
    found = store.read(team.pk, series, start_ms=0, end_ms=2**60)
    return {
        one: list(zip(times.tolist(), values.tolist(), strict=True))
        for one, (times, values) in found.items()
    }


def stored() -> list[tuple[int, int]]:
    """(start, samples) of every chunk."""
    return list(Chunk.objects.order_by("start_ms").values_list("start_ms", "count"))


def test_the_log_is_held_for_five_minutes_and_then_moved(team_a: Team, noon: datetime) -> None:
    (a,) = ids(team_a, 1, noon)
    put(team_a, noon, (a, 1, 1.0))
    early = store.compact(now=noon + embedded.HOLD - timedelta(seconds=1))
    late = store.compact(now=noon + embedded.HOLD)

    assert (early, late) == (Merged(), Merged(1))
    assert (Batch.objects.count(), stored()) == (0, [(1, 1)])


def test_a_crowded_log_is_moved_sooner(
    team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "CROWDED", 2)
    (a,) = ids(team_a, 1, noon)
    put(team_a, noon, (a, 1, 1.0), (a, 2, 1.0))
    before = store.compact(now=noon)
    put(team_a, noon, (a, 3, 1.0))

    assert (before, store.compact(now=noon)) == (Merged(), Merged(3))


def test_bounded_rounds_move_everything(
    team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "AT_ONCE", 3)
    monkeypatch.setattr(compaction, "BATCHES_AT_ONCE", 2)
    monkeypatch.setattr(chunks, "SERIES_AT_ONCE", 2)
    some = ids(team_a, 5, noon)
    for step in range(7):
        put(team_a, noon, *[(one, step, float(one + step)) for one in some])
    moved = store.compact(now=noon, force=True)

    assert moved == Merged(35)
    assert Batch.objects.count() == 0
    assert points(team_a, *some) == {
        one: [(step, float(one + step)) for step in range(7)] for one in some
    }


def test_an_open_chunk_grows_and_a_full_one_is_left_alone(team_a: Team, noon: datetime) -> None:
    (a,) = ids(team_a, 1, noon)
    for start in range(0, 300, 100):
        put(team_a, noon, *[(a, start + i, 1.0) for i in range(100)])
        store.compact(now=noon, force=True)
    put(team_a, noon, (a, 300, 1.0))
    store.compact(now=noon, force=True)

    assert stored() == [(0, 300), (300, 1)]


def test_an_open_chunk_that_ended_long_ago_is_not_looked_for(team_a: Team, noon: datetime) -> None:
    (a,) = ids(team_a, 1, noon)
    for at in (0, chunks.OPEN_MS, 2 * chunks.OPEN_MS + 1):
        put(team_a, noon, (a, at, 1.0))
        store.compact(now=noon, force=True)

    assert stored() == [(0, 2), (2 * chunks.OPEN_MS + 1, 1)]


def test_late_samples_are_merged_into_the_chunk_they_belong_to(
    team_a: Team, noon: datetime
) -> None:
    (a,) = ids(team_a, 1, noon)
    put(team_a, noon, *[(a, 2 * i, 1.0) for i in range(400)])
    store.compact(now=noon, force=True)
    put(team_a, noon, (a, 7, 2.0))
    store.compact(now=noon, force=True)

    assert stored() == [(0, 401)]
    assert points(team_a, a)[a][3:6] == [(6, 1.0), (7, 2.0), (8, 1.0)]


def test_a_crash_between_chunks_and_log_loses_nothing_and_doubles_nothing(
    team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    (a,) = ids(team_a, 1, noon)
    put(team_a, noon, (a, 1, 1.0), (a, 2, 2.0), (a, 1, 9.0))
    real = compaction.store

    def killed(*args: Any) -> Merged:
        real(*args)
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(compaction, "store", killed)
        with pytest.raises(RuntimeError):
            store.compact(now=noon, force=True)
    between = points(team_a, a)
    put(team_a, noon, (a, 3, 3.0))
    again = store.compact(now=noon, force=True)

    assert Batch.objects.count() == 0
    assert between == {a: [(1, 1.0), (2, 2.0)]}
    assert points(team_a, a) == {a: [(1, 1.0), (2, 2.0), (3, 3.0)]}
    # What was moved before the crash is found to be there, and not counted as stored again.
    assert again.samples == 1


def _overtaken(times: int, work: Callable[[], object]) -> Callable[[Columns], chunks.Plan]:
    """A `prepare` after which somebody else is faster, so many times."""
    left = [times]
    real = chunks.prepare

    def prepare(columns: Columns) -> chunks.Plan:
        plan = real(columns)
        if left[0] > 0:
            left[0] -= 1
            work()
        return plan

    return prepare


@pytest.mark.parametrize("times", [1, compaction.PATIENCE])
def test_a_plan_that_was_overtaken_is_made_anew(
    team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    (a,) = ids(team_a, 1, noon)
    put(team_a, noon, (a, 1, 1.0))
    store.compact(now=noon, force=True)
    put(team_a, noon, (a, 5, 5.0))
    real, fresh = chunks.prepare, iter(range(10, 1000))

    def faster() -> None:
        late = Columns(np.array([a]), np.array([next(fresh)]), np.array([7.0]))
        assert real(late).apply()

    monkeypatch.setattr(chunks, "prepare", _overtaken(times, faster))
    store.compact(now=noon, force=True)
    held = points(team_a, a)[a]

    assert [value for _, value in held[:2]] == [1.0, 5.0]
    assert len(held) == 2 + times
    assert [time for time, _ in held] == sorted({time for time, _ in held})


def test_two_compactions_of_one_log_store_it_once(
    team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    (a,) = ids(team_a, 1, noon)
    put(team_a, noon, (a, 1, 1.0), (a, 1, 8.0))

    def other() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(chunks, "prepare", real)
            store.compact(now=noon, force=True)

    real = chunks.prepare
    monkeypatch.setattr(chunks, "prepare", _overtaken(1, other))
    store.compact(now=noon, force=True)

    assert stored() == [(1, 1)]
    assert points(team_a, a) == {a: [(1, 1.0)]}


def test_what_arrives_during_a_compaction_is_left_to_the_next(
    team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Under a steady stream a compaction never ended, and wrote each open chunk anew all the time.
    monkeypatch.setattr(compaction, "BATCHES_AT_ONCE", 1)
    (a,) = ids(team_a, 1, noon)
    for at in range(3):
        put(team_a, noon, (a, at, 1.0))
    arriving = iter(range(10, 1000))
    stream = _overtaken(999, lambda: put(team_a, noon, (a, next(arriving), 1.0)))
    monkeypatch.setattr(chunks, "prepare", stream)

    assert store.compact(now=noon, force=True) == Merged(3)
    assert Batch.objects.count() == 3
    assert len(points(team_a, a)[a]) == 6


def test_what_is_compacted_during_a_read_is_read_once(
    team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    (a,) = ids(team_a, 1, noon)
    put(team_a, noon, (a, 1, 1.0), (a, 2, 2.0))
    real = chunks.by_series

    def late(*args: Any, **span: Any) -> Columns:
        store.compact(now=noon, force=True)
        return real(*args, **span)

    monkeypatch.setattr(chunks, "by_series", late)

    assert points(team_a, a) == {a: [(1, 1.0), (2, 2.0)]}


def test_a_batch_that_vanishes_between_two_statements_is_left_to_the_chunks(
    team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    (a,) = ids(team_a, 1, noon)
    put(team_a, noon, (a, 1, 1.0))
    monkeypatch.setattr(log, "_cache", log._Cache())
    real = log._decoded

    def late(keys: Any) -> Any:
        store.compact(now=noon, force=True)
        return real(keys)

    monkeypatch.setattr(log, "_decoded", late)

    assert points(team_a, a) == {a: [(1, 1.0)]}


def test_a_batch_number_that_comes_again_is_not_taken_for_the_one_before(
    team_a: Team, noon: datetime
) -> None:
    (a,) = ids(team_a, 1, noon)
    put(team_a, noon, (a, 1, 1.0))
    assert points(team_a, a) == {a: [(1, 1.0)]}
    number = Batch.objects.get().pk
    Batch.objects.all().delete()
    put(team_a, noon, (a, 1, 2.0))
    Batch.objects.update(id=number)

    assert points(team_a, a) == {a: [(1, 2.0)]}


def test_the_cache_of_decoded_batches_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "MOST_CACHED", 100)
    cache = log._Cache()
    part = Columns(np.zeros(30, np.int64), np.zeros(30, np.int64), np.zeros(30))
    for number in range(10):
        cache.put((number, 0), part)
        cache.get((0, 0))  # the one in use is kept

    assert [n for n in range(10) if cache.get((n, 0)) is not None] == [0, 8, 9]


def test_a_damaged_batch_costs_only_its_own_samples(team_a: Team, noon: datetime) -> None:
    (a,) = ids(team_a, 1, noon)
    put(team_a, noon, (a, 1, 1.0))
    Batch.objects.update(payload=b"\x01broken", token=1)
    put(team_a, noon, (a, 2, 2.0))
    read = points(team_a, a)
    moved = store.compact(now=noon, force=True)

    assert (read, moved) == ({a: [(2, 2.0)]}, Merged(1))
    assert Batch.objects.get().payload  # still there, for somebody to look at
    assert store.compact(now=noon, force=True) == Merged()


def test_a_damaged_chunk_costs_only_its_own_samples(team_a: Team, noon: datetime) -> None:
    a, b = ids(team_a, 2, noon)
    put(team_a, noon, (a, 1, 1.0), (b, 1, 1.0))
    store.compact(now=noon, force=True)
    Chunk.objects.filter(series_id=a).update(payload=b"\x01broken")
    put(team_a, noon, (a, 2, 2.0), (b, 2, 2.0))
    moved = store.compact(now=noon, force=True)

    assert moved == Merged(2)
    assert points(team_a, a, b) == {a: [(2, 2.0)], b: [(1, 1.0), (2, 2.0)]}
    assert Chunk.objects.filter(payload=b"\x01broken").count() == 1


def test_samples_of_a_series_that_was_deleted_do_not_stop_the_others(
    team_a: Team, noon: datetime
) -> None:
    a, b = ids(team_a, 2, noon)
    put(team_a, noon, (a, 1, 1.0), (b, 1, 1.0))
    SeriesRow.objects.filter(id=a).delete()
    moved = store.compact(now=noon, force=True)

    assert moved == Merged(1)
    assert (Batch.objects.count(), points(team_a, a, b)) == (0, {b: [(1, 1.0)]})


def test_retention_works_in_portions_and_keeps_what_reaches_over_the_edge(
    team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "DROPPED_AT_ONCE", 2)
    some = ids(team_a, 5, noon)
    put(team_a, noon, *[(one, at, 1.0) for one in some for at in (10, 20)])
    put(team_a, noon, (some[0], 30, 1.0))
    store.compact(now=noon, force=True)

    assert store.retain(before_ms=20) == 0
    assert store.retain(before_ms=21) == 8
    assert points(team_a, *some) == {some[0]: [(10, 1.0), (20, 1.0), (30, 1.0)]}


def test_rows_remember_the_newest_sample_whatever_order_it_came_in(
    team_a: Team, noon: datetime
) -> None:
    (a,) = ids(team_a, 1, noon)
    stale = float(np.array([STALE_BITS], np.uint64).view(np.float64)[0])
    base = round(noon.timestamp() * 1000)
    put(team_a, noon, (a, base + 5, 5.0))
    store.compact(now=noon, force=True)
    put(team_a, noon, (a, base + 3, 3.0))
    store.compact(now=noon, force=True)
    first = SeriesRow.objects.get()
    put(team_a, noon, (a, base + 9, stale))
    store.compact(now=noon, force=True)
    last = SeriesRow.objects.get()

    assert (first.last_value, first.ended, first.last_at) == (
        5.0,
        False,
        noon + timedelta(milliseconds=5),
    )
    assert (last.last_value, last.ended) == (None, True)


def test_a_store_that_cannot_write_says_try_again(
    team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    (a,) = ids(team_a, 1, noon)

    def full(_pending: object) -> None:
        raise OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(log, "write", full)
        with pytest.raises(Overloaded) as caught:
            put(team_a, noon, (a, 1, 1.0))

    assert (caught.value.status, caught.value.retry_after) == (503, 2)
    assert points(team_a, a) == {}


def test_nothing_of_a_group_is_kept_when_one_of_it_fails(team_a: Team, noon: datetime) -> None:
    (a,) = ids(team_a, 1, noon)
    good = Columns(np.array([a]), np.array([1]), np.array([1.0]))
    bad = Columns(np.array([a]), np.array([2**70], object), np.array([1.0]))
    with pytest.raises(struct.error), transaction.atomic():
        store.append([Pending(team_a.pk, good, noon), Pending(team_a.pk, bad, noon)])

    assert points(team_a, a) == {}
