"""The single door: windows, bounds, the series limit, groups of requests, memory, restarts."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import IntegrityError
from prometheus_client import REGISTRY

from controlplane.accounts.models import Team
from controlplane.common.errors import InvalidInput, Overloaded, ProductError, Unauthenticated
from controlplane.metrics import ingest, registry
from controlplane.metrics.ingest import Offer, Receipt, Run, accept, accept_all, accept_own
from controlplane.metrics.models import Batch, SeriesRow
from controlplane.metrics.registry import Door, TeamSeries
from controlplane.metrics.sample import STALE_BITS, Kind, Parsed, Source, sorted_labels
from controlplane.metrics.wire import exposition
from controlplane.metrics.wire.collect import Collector

pytestmark = pytest.mark.django_db

STALE = float(np.array([STALE_BITS], np.uint64).view(np.float64)[0])
MINUTE = 60_000


@pytest.fixture(autouse=True)
def _fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "_teams", {})


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def parsed(known: Mapping[bytes, int], *samples: tuple[str, int, float]) -> Parsed:
    """(name{label}, ms, value) as a parser would hand them on."""
    collector = Collector(known)
    for index, (name, at, value) in enumerate(samples):
        key = name.encode()
        if not collector.known(key):
            plain, _, label = name.partition("/")
            labels = sorted_labels({"n": label} if label else {})
            collector.introduce(key, Source(plain, labels, canonical="." in plain))
        collector.add(key, at, value, pointer=f"/{index}")
    return collector.parsed()


def offer(
    team: Team, now: datetime, *samples: tuple[str, int, float], whole: bool = False
) -> Offer:
    return Offer(team.pk, Door("test"), lambda known: parsed(known, *samples), now, whole)


def take(
    team: Team, now: datetime, *samples: tuple[str, int, float], whole: bool = False
) -> Receipt:
    (outcome,) = accept_all([offer(team, now, *samples, whole=whole)])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def stored(team: Team, signal: str) -> list[tuple[int, float]]:
    series = [one.id for one in ingest.store.find(team.pk, [signal])]
    found = ingest.store.read(team.pk, series, start_ms=0, end_ms=2**60)
    return [
        (int(at), float(value))
        for times, values in found.values()
        for at, value in zip(times, values, strict=True)
    ]


def counted(outcome: str) -> float:
    labels = {"protocol": "test", "outcome": outcome}
    return REGISTRY.get_sample_value("tidewise_ingest_samples_total", labels) or 0.0


@pytest.mark.parametrize(
    ("offset", "code"),
    [
        (-60 * MINUTE, None),
        (-60 * MINUTE - 1, "ts.too_old"),
        (10 * MINUTE, None),
        (10 * MINUTE + 1, "ts.future"),
    ],
)
def test_a_new_series_may_be_an_hour_late_and_ten_minutes_early(
    team_a: Team, noon: datetime, offset: int, code: str | None
) -> None:  # W09, W10
    receipt = take(team_a, noon, ("x", ms(noon) + offset, 1.0))

    assert receipt.accepted == (code is None)
    assert [fault.code for fault in receipt.faults] == ([code] if code else [])


def test_the_late_window_hangs_on_the_series_own_newest_sample(
    team_a: Team, noon: datetime
) -> None:
    take(team_a, noon - timedelta(hours=5), ("x", ms(noon) - 300 * MINUTE, 1.0))
    late = take(
        team_a, noon, ("x", ms(noon) - 299 * MINUTE, 2.0), ("y", ms(noon) - 299 * MINUTE, 2.0)
    )

    assert (late.accepted, late.rejected) == (1, 1)
    assert late.faults[0].message.startswith("y:")


def test_a_sender_that_waited_for_our_restart_delivers_all_it_kept(
    team_a: Team, noon: datetime
) -> None:
    start = ms(noon) - 300 * MINUTE
    take(team_a, noon - timedelta(hours=5), ("x", start, 1.0))
    ingest.store.compact(now=noon, force=True)
    ingest._teams.clear()  # the process is another one now
    receipt = take(team_a, noon, *[("x", start + i * MINUTE, 2.0) for i in range(1, 300)])

    assert (receipt.accepted, receipt.rejected) == (299, 0)


def test_a_future_sample_does_not_move_the_window_past_the_clock(
    team_a: Team, noon: datetime
) -> None:
    take(team_a, noon, ("x", ms(noon) + 10 * MINUTE, 1.0))

    assert take(team_a, noon, ("x", ms(noon) - 60 * MINUTE, 1.0)).rejected == 0


@pytest.mark.parametrize("value", [-0.1, 1.1, 85.0, 1e300])
def test_what_cannot_be_true_is_refused_and_named(
    team_a: Team, noon: datetime, value: float
) -> None:  # N04
    receipt = take(
        team_a,
        noon,
        ("infra.gpu.utilization", ms(noon), value),
        ("infra.gpu.utilization", ms(noon) - 1, 0.5),
    )

    assert (receipt.accepted, receipt.rejected) == (1, 1)
    assert (receipt.faults[0].code, receipt.faults[0].pointer) == ("value.bounds", "/0")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, STALE])
def test_what_is_no_number_is_kept_with_its_bits_and_never_bounded(
    team_a: Team, noon: datetime, value: float
) -> None:  # W11, W12
    take(team_a, noon, ("vllm:kv_cache_usage_perc", ms(noon), value))
    ((_, back),) = stored(team_a, "service.kv_cache.utilization")

    assert np.array([back]).view(np.uint64) == np.array([value]).view(np.uint64)


def test_conversion_leaves_the_end_mark_alone(team_a: Team, noon: datetime) -> None:
    take(team_a, noon, ("DCGM_FI_DEV_GPU_UTIL", ms(noon), STALE))
    take(team_a, noon, ("DCGM_FI_DEV_GPU_UTIL", ms(noon) - 1, 57.0))
    first, second = stored(team_a, "infra.gpu.utilization")

    assert first[1] == 0.57
    assert np.array([second[1]]).view(np.uint64)[0] == STALE_BITS


@pytest.mark.parametrize(
    "blank",
    [
        2.0**31 - 16,  # what DCGM means by no value, not found, not supported, not permitted
        2.0**31 - 13,
        2.0**47,
        2.0**47 + 3,
        9223372036854775792.0,  # as a double the same as the README's 9223372036854775794
    ],
)
def test_dcgm_s_blanks_are_dropped_and_counted(team_a: Team, noon: datetime, blank: float) -> None:
    receipt = take(
        team_a,
        noon,
        ("DCGM_FI_DEV_GPU_TEMP", ms(noon), blank),
        ("DCGM_FI_DEV_GPU_TEMP", ms(noon) - 1, 61.0),
    )

    assert (receipt.accepted, receipt.dropped, receipt.rejected) == (1, 1, 0)
    assert stored(team_a, "infra.gpu.temperature") == [(ms(noon) - 1, 61.0)]


def test_only_dcgm_has_blanks(team_a: Team, noon: datetime) -> None:
    assert take(team_a, noon, ("bytes_total", ms(noon), 9.3e18)).accepted == 1


def test_faults_point_at_the_sample_and_not_at_its_series(team_a: Team, noon: datetime) -> None:
    receipt = take(
        team_a,
        noon,
        ("infra.gpu.utilization", ms(noon), 0.5),
        ("service.request.rate", ms(noon), 1.0),
        ("infra.gpu.utilization", ms(noon) - 1, 50.0),
    )

    assert [fault.pointer for fault in receipt.faults] == ["/2"]


def test_ten_faults_are_worded_and_all_are_counted(team_a: Team, noon: datetime) -> None:
    before = counted("ts.future")
    receipt = take(team_a, noon, *[(f"x/{i}", ms(noon) + 11 * MINUTE, 1.0) for i in range(25)])

    assert (len(receipt.faults), receipt.rejected) == (10, 25)
    assert counted("ts.future") - before == 25


def test_the_series_limit_refuses_new_ones_and_lets_known_ones_flow(
    team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:  # X01
    monkeypatch.setattr(registry, "MAX_SERIES", 3)
    first = take(team_a, noon, *[(f"x/{i}", ms(noon), 1.0) for i in range(5)])
    again = take(team_a, noon, *[(f"x/{i}", ms(noon) + 1, 1.0) for i in range(5)])

    assert (first.accepted, first.rejected, first.faults[-1].code) == (3, 2, "series.limit")
    assert (again.accepted, again.rejected) == (3, 2)
    assert SeriesRow.objects.count() == 3


def test_a_batch_refused_for_its_series_uses_up_nothing_of_the_limit(
    team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "MAX_SERIES", 3)
    with pytest.raises(InvalidInput) as caught:
        take(team_a, noon, *[(f"x/{i}", ms(noon), 1.0) for i in range(4)], whole=True)
    after = take(team_a, noon, *[(f"y/{i}", ms(noon), 1.0) for i in range(3)], whole=True)

    assert (caught.value.status, caught.value.code) == (422, "series.limit")
    assert (after.accepted, SeriesRow.objects.count()) == (3, 3)


def test_series_that_were_silent_for_a_day_make_room(
    team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:  # X02
    monkeypatch.setattr(registry, "MAX_SERIES", 2)
    take(team_a, noon, ("x/0", ms(noon), 1.0), ("x/1", ms(noon), 1.0))
    ingest.store.compact(now=noon, force=True)
    later = noon + timedelta(hours=24, seconds=1)
    full = take(team_a, later - timedelta(seconds=2), ("y/0", ms(later) - 2000, 1.0))
    room = take(team_a, later, ("y/0", ms(later), 1.0), ("x/0", ms(later), 1.0))

    assert (full.rejected, room.rejected) == (1, 0)


def test_another_team_s_series_do_not_count(
    team_a: Team, team_b: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "MAX_SERIES", 1)
    take(team_a, noon, ("x", ms(noon), 1.0))

    assert take(team_b, noon, ("x", ms(noon), 1.0)).accepted == 1


def slots(team: Team) -> TeamSeries:
    return ingest._teams[team.pk]


def test_a_flood_of_refused_series_leaves_nothing_in_memory(
    team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:  # X01
    monkeypatch.setattr(registry, "MAX_SERIES", 2)
    for turn in range(20):
        names = [(f"x/{turn}-{i}", ms(noon), 1.0) for i in range(50)]
        take(team_a, noon, *names, ("late", ms(noon) - 61 * MINUTE, 1.0))
        with pytest.raises(InvalidInput):
            take(team_a, noon, *names, whole=True)
    held = slots(team_a)

    assert len(held.known(Door("test"))) == 2
    assert len(held.table) == 53  # two that are kept, and the most that one request brought
    assert len(held.pairs) == 1


def test_a_slot_that_was_freed_is_used_again_for_another_series(
    team_a: Team, noon: datetime
) -> None:
    take(team_a, noon, ("x/old", ms(noon) - 61 * MINUTE, 1.0))
    take(team_a, noon, ("y/new", ms(noon), 5.0))
    take(team_a, noon, ("x/old", ms(noon), 7.0))

    assert stored(team_a, "x") == [(ms(noon), 7.0)]
    assert stored(team_a, "y") == [(ms(noon), 5.0)]
    assert len(slots(team_a).table) == 2


def test_too_many_keys_are_forgotten_and_learnt_anew(
    team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "MAX_KEYS", 3)
    take(team_a, noon, *[(f"x/{i}", ms(noon), 1.0) for i in range(4)])
    full = slots(team_a)
    take(team_a, noon, ("x/0", ms(noon) + 1, 2.0))

    assert slots(team_a) is not full
    assert SeriesRow.objects.count() == 4
    assert len(slots(team_a).known(Door("test"))) == 1


def test_a_process_notices_that_its_rows_are_gone(team_a: Team, noon: datetime) -> None:
    take(team_a, noon, ("x", ms(noon), 1.0))
    SeriesRow.objects.all().delete()
    take(team_a, noon, ("x", ms(noon) + 1, 2.0))

    assert stored(team_a, "x") == [(ms(noon) + 1, 2.0)]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_series_that_was_forgotten_and_speaks_again_is_a_new_one(
    team_a: Team, noon: datetime, restarted: bool
) -> None:
    take(team_a, noon, ("x", ms(noon), 1.0), ("y", ms(noon), 1.0))
    ingest.store.compact(now=noon, force=True)
    later = noon + timedelta(days=40)
    take(team_a, later, ("y", ms(later), 2.0))  # woke up just before
    ingest.store.retain(before_ms=ms(noon + timedelta(days=5)))
    if restarted:
        ingest._teams.clear()
    receipt = take(team_a, later, ("x", ms(later), 3.0), ("y", ms(later) + 1, 4.0))
    ingest.store.compact(now=later, force=True)

    assert receipt.accepted == 2
    assert stored(team_a, "x") == [(ms(later), 3.0)]
    assert stored(team_a, "y") == [(ms(later), 2.0), (ms(later) + 1, 4.0)]


def test_the_same_bytes_mean_other_series_at_other_doors(team_a: Team, noon: datetime) -> None:
    for workload in ("a", "b"):
        door = Door("test", workload)
        parse: Callable[[Any], Parsed] = lambda known: parsed(known, ("x", ms(noon), 1.0))  # noqa: E731
        accept_all([Offer(team_a.pk, door, parse, noon)])

    assert sorted(row.labels["workload"] for row in SeriesRow.objects.all()) == ["a", "b"]


def test_one_bad_request_does_not_hurt_its_neighbours(team_a: Team, noon: datetime) -> None:
    def broken(_known: object) -> Parsed:
        raise InvalidInput("json.syntax", "No.")

    def bug(_known: object) -> Parsed:
        raise ZeroDivisionError

    outcomes = accept_all(
        [
            offer(team_a, noon, ("x", ms(noon), 1.0)),
            Offer(team_a.pk, Door("test"), broken, noon),
            Offer(team_a.pk, Door("test"), bug, noon),
            offer(team_a, noon, ("infra.gpu.power", ms(noon), -5.0), whole=True),
            offer(team_a, noon, ("y", ms(noon), 2.0)),
        ]
    )
    kinds = [type(outcome) for outcome in outcomes]

    assert kinds == [Receipt, InvalidInput, ZeroDivisionError, InvalidInput, Receipt]
    assert (stored(team_a, "x"), stored(team_a, "y")) == ([(ms(noon), 1.0)], [(ms(noon), 2.0)])


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch, team_b: Team) -> list[int]:
    """A store that refuses every commit that holds team B's samples; sizes of the groups tried."""
    tried: list[int] = []
    real = ingest.store.append

    def append(pending: Any) -> None:
        tried.append(len(pending))
        if any(one.team == team_b.pk for one in pending):
            raise IntegrityError("FOREIGN KEY constraint failed")
        real(pending)

    monkeypatch.setattr(ingest.store, "append", append)
    return tried


def test_a_request_that_the_store_refuses_fails_alone(
    team_a: Team, team_b: Team, noon: datetime, poisoned: list[int]
) -> None:
    outcomes = accept_all(
        [
            offer(team_a, noon, ("x", ms(noon), 1.0)),
            offer(team_b, noon, ("x", ms(noon), 1.0)),
            offer(team_a, noon, ("y", ms(noon), 2.0)),
        ]
    )

    assert [type(one) for one in outcomes] == [Receipt, IntegrityError, Receipt]
    assert poisoned == [3, 1, 1, 1]
    assert stored(team_a, "y") == [(ms(noon), 2.0)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("known", [False, True])
def test_samples_of_a_team_that_is_gone_are_a_token_that_is_not_valid(
    team_a: Team, team_b: Team, noon: datetime, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:  # X07
    if known:
        take(team_b, noon, ("x", ms(noon), 1.0))
        # The team goes between the look at its rows and the commit.
        monkeypatch.setattr(TeamSeries, "trustworthy", lambda _self: True)
    gone = offer(team_b, noon, ("x", ms(noon) + 1, 1.0))
    Team.objects.filter(pk=team_b.pk).delete()
    ours, theirs = accept_all([offer(team_a, noon, ("x", ms(noon) + 1, 1.0)), gone])

    assert isinstance(ours, Receipt)
    assert isinstance(theirs, Unauthenticated)
    assert stored(team_a, "x") == [(ms(noon) + 1, 1.0)]


def test_a_busy_store_is_everybody_s_trouble_and_nothing_is_remembered(
    team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:  # H25
    tries: list[int] = []

    def busy(pending: Any) -> None:
        tries.append(len(pending))
        raise Overloaded("store.busy", "no")

    take(team_a, noon, ("x", ms(noon) - 5, 1.0))
    before = counted("accepted")
    with monkeypatch.context() as patch:
        patch.setattr(ingest.store, "append", busy)
        outcomes = accept_all([offer(team_a, noon, (name, ms(noon), 1.0)) for name in "xy"])
    newest = slots(team_a).table["newest"].tolist()

    assert [type(one) for one in outcomes] == [Overloaded, Overloaded]
    assert (tries, counted("accepted")) == ([2], before)
    assert max(newest) == ms(noon) - 5


def test_counts_are_exact(team_a: Team, noon: datetime) -> None:
    words = ("accepted", "dropped", "ts.future", "withheld")
    before = [counted(word) for word in words]
    samples = (
        ("x", ms(noon), 1.0),
        ("x", ms(noon) - 1, 1.0),
        ("x_created", ms(noon), 1.0),
        ("x", ms(noon) + 11 * MINUTE, 1.0),
    )
    take(team_a, noon, *samples)
    with pytest.raises(InvalidInput):
        take(team_a, noon, *samples, whole=True)

    assert [counted(word) - was for word, was in zip(words, before, strict=True)] == [2, 1, 2, 2]


def test_listeners_hear_each_pair_once_a_commit(
    team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(ingest, "_listeners", [lambda team, pairs: heard.append((team, pairs))])
    accept_all(
        [
            offer(team_a, noon, ("x/1", ms(noon), 1.0), ("x/2", ms(noon), 1.0)),
            offer(team_a, noon, ("y", ms(noon), 1.0), ("y_created", ms(noon), 1.0)),
            offer(team_a, noon, ("z", ms(noon) + 11 * MINUTE, 1.0)),
        ]
    )

    assert heard == [(team_a.pk, frozenset({("x", ""), ("y", "")}))]


def test_what_we_measure_ourselves_is_stored_whole_or_not(team_a: Team, noon: datetime) -> None:
    good = [("infra.cpu.utilization", {"workload": "host"}, 0.5)]
    accept_own(team_a.pk, good, now=noon)
    with pytest.raises(ProductError):
        accept_own(team_a.pk, [*good, ("infra.cpu.utilization", {}, 50.0)], now=noon)

    assert stored(team_a, "infra.cpu.utilization") == [(ms(noon), 0.5)]


def test_samples_parsed_elsewhere_are_taken_too(team_a: Team, noon: datetime) -> None:
    page = exposition.parse(b"x 1\n", {}, now_ms=ms(noon), openmetrics=False)
    receipt = accept(team_a.pk, page, protocol="test", now=noon, workload="w")

    assert receipt.accepted == 1
    assert SeriesRow.objects.get().labels == {"workload": "w"}


def test_a_request_of_nothing_but_dropped_samples_is_no_batch(team_a: Team, noon: datetime) -> None:
    assert take(team_a, noon, ("x_created", ms(noon), 1.0)) == Receipt(0, 1)
    assert Batch.objects.count() == 0


def test_backfill_takes_the_past_and_refuses_what_cannot_be(team_a: Team, noon: datetime) -> None:
    times = np.arange(ms(noon) - 90 * 86_400_000, ms(noon), 3_600_000, dtype=np.int64)
    run = Run("service.request.rate", {"workload": "a", "x": ""}, times, np.ones(times.size))
    merged = ingest.backfill(team_a.pk, [run], now=noon)
    wrong = Run("infra.gpu.utilization", {}, times[:1], np.array([85.0]))
    nan = Run("infra.gpu.utilization", {}, times[:1], np.array([np.nan]))

    assert merged.samples == times.size
    assert len(stored(team_a, "service.request.rate")) == times.size
    for bad in (wrong, nan):
        with pytest.raises(ValueError, match="between"):
            ingest.backfill(team_a.pk, [bad], now=noon)


def test_a_backfilled_counter_is_bounded_by_nothing_but_zero_growth(
    team_a: Team, noon: datetime
) -> None:
    times = np.array([ms(noon) - 60_000, ms(noon)])
    run = Run("service.request.rate", {}, times, np.array([1e9, 1e9 + 60]), Kind.COUNTER)

    assert ingest.backfill(team_a.pk, [run], now=noon).samples == 2
