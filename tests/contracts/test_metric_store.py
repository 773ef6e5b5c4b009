"""What every metric store promises (stores/base.py), asked of each."""

from datetime import datetime, timedelta
from typing import TypedDict

import numpy as np
import pytest

from controlplane.accounts.models import Team
from controlplane.accounts.services import ensure_team
from controlplane.common.errors import Overloaded
from controlplane.metrics.sample import STALE_BITS, Columns, Identity, Kind
from controlplane.metrics.stores.base import Merged, MetricStore, Pending
from controlplane.metrics.stores.embedded import EmbeddedStore
from controlplane.metrics.stores.memory import MemoryStore

pytestmark = pytest.mark.django_db

RATE = Identity("service.request.rate", Kind.GAUGE, (("workload", "a"),), "service.request.rate")
OTHER = Identity("service.request.rate", Kind.GAUGE, (("workload", "b"),), "service.request.rate")
COUNTER = Identity("service.request.rate", Kind.COUNTER, (("workload", "a"),), "http_requests")
STALE = float(np.array([STALE_BITS], np.uint64).view(np.float64)[0])


class Span(TypedDict):
    start_ms: int
    end_ms: int


ALL: Span = {"start_ms": 0, "end_ms": 2**60}


@pytest.fixture(params=[MemoryStore, EmbeddedStore])
def store(request: pytest.FixtureRequest) -> MetricStore:
    made: MetricStore = request.param()
    return made


def columns(*samples: tuple[int, int, float]) -> Columns:
    """(series, ms, value) in order of arrival."""
    series, ts_ms, values = zip(*samples, strict=True)
    return Columns(np.array(series), np.array(ts_ms), np.array(values, np.float64))


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def put(store: MetricStore, team: Team, now: datetime, *samples: tuple[int, int, float]) -> None:
    store.append([Pending(team.pk, columns(*samples), now)])


def points(store: MetricStore, team: Team, series: int) -> list[tuple[int, float]]:
    found = store.read(team.pk, [series], **ALL)
    if series not in found:
        return []
    return list(zip(found[series][0].tolist(), found[series][1].tolist(), strict=True))


def test_equal_identities_are_one_series_and_different_ones_are_not(
    store: MetricStore, team_a: Team, noon: datetime
) -> None:
    first = store.register(team_a.pk, [RATE, OTHER, COUNTER], now=noon)
    again = store.register(team_a.pk, [COUNTER, RATE], now=noon)

    assert len(set(first)) == 3
    assert min(first) > 0
    assert again == [first[2], first[0]]


def test_the_same_identity_in_two_teams_is_two_series(
    store: MetricStore, team_a: Team, noon: datetime
) -> None:
    other = ensure_team("team-b")

    assert store.register(team_a.pk, [RATE], now=noon) != store.register(other.pk, [RATE], now=noon)


@pytest.mark.parametrize("compacted", [False, True])
def test_what_was_appended_is_read_back_sorted(
    store: MetricStore, team_a: Team, noon: datetime, compacted: bool
) -> None:
    a, b = store.register(team_a.pk, [RATE, OTHER], now=noon)
    put(store, team_a, noon, (a, 30, 3.0), (b, 10, 9.0), (a, 10, 1.0))
    put(store, team_a, noon, (a, 20, 2.0))
    if compacted:
        store.compact(now=noon, force=True)

    assert points(store, team_a, a) == [(10, 1.0), (20, 2.0), (30, 3.0)]
    assert points(store, team_a, b) == [(10, 9.0)]


def test_a_span_includes_its_start_and_not_its_end(
    store: MetricStore, team_a: Team, noon: datetime
) -> None:
    (a,) = store.register(team_a.pk, [RATE], now=noon)
    put(store, team_a, noon, (a, 10, 1.0), (a, 20, 2.0), (a, 30, 3.0))
    recent = store.read(team_a.pk, [a], start_ms=10, end_ms=30)[a][0].tolist()
    store.compact(now=noon, force=True)

    assert recent == [10, 20]
    assert store.read(team_a.pk, [a], start_ms=10, end_ms=30)[a][0].tolist() == [10, 20]


def test_of_two_values_for_one_moment_the_first_stays_and_both_kinds_are_counted(
    store: MetricStore, team_a: Team, noon: datetime
) -> None:
    (a,) = store.register(team_a.pk, [RATE], now=noon)
    put(store, team_a, noon, (a, 10, 1.0), (a, 10, 1.0), (a, 20, 5.0))
    put(store, team_a, noon, (a, 10, 7.0), (a, 20, 5.0))

    assert store.compact(now=noon, force=True) == Merged(2, duplicates=2, conflicts=1)
    assert points(store, team_a, a) == [(10, 1.0), (20, 5.0)]


def test_repeats_are_recognised_after_the_first_was_compacted(
    store: MetricStore, team_a: Team, noon: datetime
) -> None:
    (a,) = store.register(team_a.pk, [RATE], now=noon)
    put(store, team_a, noon, (a, 10, 1.0), (a, 20, 2.0))
    store.compact(now=noon, force=True)
    put(store, team_a, noon, (a, 20, 2.0), (a, 10, 8.0), (a, 15, 1.5))

    assert points(store, team_a, a) == [(10, 1.0), (15, 1.5), (20, 2.0)]
    assert store.compact(now=noon, force=True) == Merged(1, duplicates=1, conflicts=1)
    assert points(store, team_a, a) == [(10, 1.0), (15, 1.5), (20, 2.0)]


def test_order_of_arrival_does_not_change_what_is_read(
    store: MetricStore, team_a: Team, noon: datetime
) -> None:
    a, b = store.register(team_a.pk, [RATE, OTHER], now=noon)
    order = np.random.default_rng(3).permutation(1500)
    for part in np.array_split(order, 12):
        put(store, team_a, noon, *[(a, 1000 + int(i), float(i)) for i in part])
        store.compact(now=noon, force=True)
    put(store, team_a, noon, *[(b, 1000 + i, float(i)) for i in range(1500)])

    assert points(store, team_a, a) == points(store, team_a, b)


def test_compacting_twice_changes_nothing(store: MetricStore, team_a: Team, noon: datetime) -> None:
    (a,) = store.register(team_a.pk, [RATE], now=noon)
    put(store, team_a, noon, (a, 10, 1.0))
    store.compact(now=noon, force=True)

    assert store.compact(now=noon, force=True) == Merged()
    assert points(store, team_a, a) == [(10, 1.0)]


def test_marks_and_infinities_come_back_with_their_bits(
    store: MetricStore, team_a: Team, noon: datetime
) -> None:
    (a,) = store.register(team_a.pk, [RATE], now=noon)
    put(store, team_a, noon, (a, 10, 1.0), (a, 20, STALE), (a, 30, np.inf))
    store.compact(now=noon, force=True)
    values = store.read(team_a.pk, [a], **ALL)[a][1]

    assert values.view(np.uint64)[1] == STALE_BITS
    assert values[2] == np.inf


def test_backfill_stands_beside_what_is_there(
    store: MetricStore, team_a: Team, noon: datetime
) -> None:
    (a,) = store.register(team_a.pk, [RATE], now=noon)
    put(store, team_a, noon, (a, 5000, 5.0))
    store.compact(now=noon, force=True)
    past = columns(*[(a, i, float(i)) for i in range(2000)], (a, 5000, 9.0))

    assert store.backfill(team_a.pk, past, now=noon) == Merged(2000, conflicts=1)
    assert points(store, team_a, a) == [*((i, float(i)) for i in range(2000)), (5000, 5.0)]


def test_only_the_owner_reads_a_series(store: MetricStore, team_a: Team, noon: datetime) -> None:
    other = ensure_team("team-b")
    (a,) = store.register(team_a.pk, [RATE], now=noon)
    put(store, team_a, noon, (a, 10, 1.0))

    assert store.find(other.pk) == ()
    assert store.tail(other.pk, **ALL).heard() == {}
    assert store.read(other.pk, [a], **ALL) == {}


def test_a_series_is_found_by_signal_with_its_labels(
    store: MetricStore, team_a: Team, noon: datetime
) -> None:
    a, c = store.register(team_a.pk, [RATE, COUNTER], now=noon)
    found = store.find(team_a.pk, ["service.request.rate"])

    assert [(one.id, one.kind, one.labels, one.source) for one in found] == [
        (a, Kind.GAUGE, {"workload": "a"}, "service.request.rate"),
        (c, Kind.COUNTER, {"workload": "a"}, "http_requests"),
    ]
    assert store.find(team_a.pk, ["infra.gpu.power"]) == ()


ODD = {"contains": "x", "a__b": "1", "in": "模型", "q": 'say "hi"\\', "le": "+Inf", "n": "7"}


@pytest.mark.parametrize(
    ("any_of", "found"),
    [
        ([{}], [0, 1, 2]),
        ([{"workload": "a"}], [0]),
        ([{"workload": "a"}, {"workload": "b"}], [0, 1]),
        ([{"workload": "a", "zone": "x"}], []),
        ([{"workload": "c"}, {}], [0, 1, 2]),
        ([], []),
        ([ODD], [2]),
        ([{"q": 'say "hi"\\'}], [2]),
        ([{"q": 'say "hi"'}], []),
        ([{"n": "7.0"}], []),  # labels are texts, also where they look like numbers
        ([{"le": "+inf"}], []),
        ([{"missing": ""}], []),
    ],
)
def test_series_are_found_by_their_labels(
    store: MetricStore,
    team_a: Team,
    noon: datetime,
    any_of: list[dict[str, str]],
    found: list[int],
) -> None:
    odd = Identity(RATE.signal, Kind.GAUGE, tuple(sorted(ODD.items())), "x")
    ids = store.register(team_a.pk, [RATE, OTHER, odd], now=noon)

    assert [ids.index(one.id) for one in store.find(team_a.pk, None, any_of)] == found


def test_a_tail_that_was_taken_before_is_read_with_what_was_compacted_since(
    store: MetricStore, team_a: Team, noon: datetime
) -> None:
    a, b = store.register(team_a.pk, [RATE, OTHER], now=noon)
    put(store, team_a, noon, (a, 10, 1.0), (b, 10, 5.0))
    put(store, team_a, noon + timedelta(seconds=9), (a, 20, 2.0))
    tail = store.tail(team_a.pk, **ALL)
    store.compact(now=noon, force=True)
    put(store, team_a, noon, (a, 30, 3.0))
    read = store.read(team_a.pk, [a], **ALL, tail=tail)

    assert tail.of([a]).heard() == {a: ms(noon) + 9000}
    assert set(tail.heard()) == {a, b}
    assert read[a][0].tolist() == [10, 20]


def test_when_a_series_was_heard_is_known_before_and_after_compaction(
    store: MetricStore, team_a: Team, noon: datetime
) -> None:
    (a,) = store.register(team_a.pk, [RATE], now=noon)
    put(store, team_a, noon, (a, ms(noon) - 500, 1.0))
    put(store, team_a, noon + timedelta(seconds=9), (a, ms(noon) - 800, 1.0))
    before = store.tail(team_a.pk, **ALL).heard()
    store.compact(now=noon + timedelta(seconds=9), force=True)
    (row,) = store.find(team_a.pk)

    assert before == {a: ms(noon) + 9000}
    assert store.tail(team_a.pk, **ALL).heard() == {}
    assert (row.last_ms, row.received_ms) == (ms(noon) - 500, ms(noon) + 9000)


def test_retention_drops_what_is_old_and_nothing_else(
    store: MetricStore, team_a: Team, noon: datetime
) -> None:
    a, b = store.register(team_a.pk, [RATE, OTHER], now=noon)
    store.backfill(team_a.pk, columns(*[(a, i, 1.0) for i in range(300)]), now=noon)
    store.backfill(team_a.pk, columns(*[(b, 10_000 + i, 1.0) for i in range(300)]), now=noon)

    assert store.retain(before_ms=5000) == 300
    assert points(store, team_a, a) == []
    assert len(points(store, team_a, b)) == 300


def test_a_series_of_which_nothing_is_left_is_forgotten(
    store: MetricStore, team_a: Team, noon: datetime
) -> None:
    a, b, c = store.register(team_a.pk, [RATE, OTHER, COUNTER], now=noon)
    for one in (a, b):
        put(store, team_a, noon, (one, ms(noon), 1.0))
    put(store, team_a, noon + timedelta(hours=2), (c, ms(noon) + 7_200_000, 1.0))
    store.compact(now=noon + timedelta(hours=2), force=True)
    later = noon + timedelta(hours=1)
    woken = store.touch(team_a.pk, [b, 10**9], now=later)
    dropped = store.retain(before_ms=ms(noon) + 1)
    again = store.register(team_a.pk, [RATE], now=later)

    assert (woken, dropped) == ({b}, 2)
    assert {one.id for one in store.find(team_a.pk)} == {b, c, *again}
    assert again[0] not in {b, c}
    assert store.touch(ensure_team("team-b").pk, [b], now=later) == set()


def test_the_fake_can_be_told_to_fail_once(team_a: Team, noon: datetime) -> None:
    fake = MemoryStore()
    (a,) = fake.register(team_a.pk, [RATE], now=noon)
    fake.next_error = Overloaded("store.busy", "no")

    with pytest.raises(Overloaded):
        put(fake, team_a, noon, (a, 1, 1.0))
    assert points(fake, team_a, a) == []
    put(fake, team_a, noon, (a, 1, 1.0))
    assert points(fake, team_a, a) == [(1, 1.0)]
