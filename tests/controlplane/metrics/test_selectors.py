"""What other parts read: replicas put together, rates, quantiles, freshness, lists, catalogue."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from controlplane.accounts.models import Team
from controlplane.metrics import ingest, look, selectors
from controlplane.metrics.ingest import Offer, accept_all
from controlplane.metrics.registry import Door
from controlplane.metrics.sample import STALE_BITS, Kind, Parsed, Source, sorted_labels
from controlplane.metrics.wire import exposition
from controlplane.metrics.wire.collect import Collector
from tests.controlplane.metrics import pages

pytestmark = pytest.mark.django_db

STALE = float(np.array([STALE_BITS], np.uint64).view(np.float64)[0])
ANY: tuple[dict[str, str], ...] = ({},)
S = timedelta(seconds=1)
Points = Iterable[tuple[float, float]]  # seconds before or after noon, value


@pytest.fixture(autouse=True)
def _fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "_teams", {})


@pytest.fixture(params=["log", "chunks"])
def compacted(request: pytest.FixtureRequest) -> bool:
    return str(request.param) == "chunks"


class World:
    """A team's samples, written by name."""

    def __init__(self, team: Team, noon: datetime) -> None:
        self.team, self.noon = team, noon
        self._ms = round(noon.timestamp() * 1000)

    def put(self, name: str, points: Points, at: datetime | None = None, /, **labels: str) -> None:
        collector = Collector({})
        source = Source(name, sorted_labels(labels), canonical="." in name)
        collector.introduce(b"k", source)
        for second, value in points:
            collector.add(b"k", self._ms + round(1000 * second), value)
        self.take(collector.parsed(), at or self.noon)

    def page(self, text: str, at: datetime, workload: str = "") -> None:
        now_ms = round(at.timestamp() * 1000)
        self.take(
            exposition.parse(text.encode(), {}, now_ms=now_ms, openmetrics=False), at, workload
        )

    def take(self, parsed: Parsed, at: datetime, workload: str = "") -> None:
        offer = Offer(self.team.pk, Door("test", workload), lambda _known: parsed, at, whole=True)
        (outcome,) = accept_all([offer])
        if isinstance(outcome, Exception):
            raise outcome

    def compact(self) -> None:
        ingest.store.compact(now=self.noon, force=True)

    def series(self, signal: str, seconds: int, step: int, **options: Any) -> list[float]:
        span = (self.noon - seconds * S, self.noon)
        options.setdefault("any_of", ANY)
        found = selectors.series(self.team.pk, signal, span=span, step=step * S, **options)
        values: list[float] = found.values.tolist()
        return values

    def seen(self, signal: str, seconds: int = 300, **options: Any) -> selectors.Seen:
        options.setdefault("any_of", ANY)
        options.setdefault("now", self.noon)
        return selectors.seen(self.team.pk, signal, window=seconds * S, **options)

    def listed(self, signal: str, seconds: int = 300, **options: Any) -> list[dict[str, Any]]:
        span = (self.noon - seconds * S, self.noon + S)
        rows = selectors.listed(self.team.pk, signal, any_of=ANY, span=span, **options)
        return [{**row, "points": row["points"].tolist()} for row in rows]


@pytest.fixture
def world(team_a: Team, noon: datetime) -> World:
    return World(team_a, noon)


def every(step: int, start: int, end: int, value: Any) -> list[tuple[float, float]]:
    """(second, value) each `step` seconds; a value that is callable is asked."""
    return [(t, float(value(t) if callable(value) else value)) for t in range(start, end + 1, step)]


def test_a_gauge_lies_on_an_aligned_grid_with_nan_where_nothing_is_known(
    world: World, compacted: bool
) -> None:
    world.put("service.requests.waiting", [(-120, 3), (-115, 5), (-60, 7)])
    if compacted:
        world.compact()
    values = world.series("service.requests.waiting", 240, 60)

    assert np.allclose(values, [np.nan, np.nan, 4, 7], equal_nan=True)


def test_replicas_that_report_at_different_times_are_summed(world: World, compacted: bool) -> None:
    world.put("service.requests.running", every(10, -300, 0, 4), replica="a")
    world.put("service.requests.running", every(10, -297, -7, 6), replica="b")
    world.put("service.requests.running", every(60, -290, -50, 1), replica="slow")
    if compacted:
        world.compact()

    assert world.series("service.requests.running", 180, 15) == [11.0] * 12
    assert world.seen("service.requests.running").value == 11


def test_a_replica_that_fell_silent_is_counted_for_three_of_its_intervals(world: World) -> None:
    world.put("service.requests.running", every(10, -290, -10, 4), replica="a")
    world.put("service.requests.running", every(10, -290, -150, 6), replica="b")
    values = world.series("service.requests.running", 120, 10)

    # 90 s after its last sample, the least time that a silent replica still stands for itself.
    assert values[:6] == [10.0] * 6
    assert values[6:] == [4.0] * 6


def test_a_replica_that_said_it_ended_is_not_counted_at_once(world: World) -> None:
    world.put("service.requests.running", every(10, -290, 0, 4), replica="a")
    world.put("service.requests.running", [*every(10, -290, -60, 6), (-55, STALE)], replica="b")

    # The cell that holds its last sample counts it once more.
    assert world.series("service.requests.running", 60, 10) == [10.0, *[4.0] * 5]
    assert world.seen("service.requests.running").value == 4


def test_where_every_source_has_ended_nothing_is_known(world: World) -> None:
    world.put("service.requests.running", [*every(10, -290, -20, 6), (-10, STALE)])
    seen = world.seen("service.requests.running")

    assert seen.value is None
    assert seen.history[-1][1] == 6
    assert seen.received_at is not None


def test_saturation_is_the_worst_replica_s_and_utilization_the_mean(world: World) -> None:
    for replica, value in (("a", 0.25), ("b", 0.75)):
        world.put("service.kv_cache.utilization", every(10, -100, 0, value), replica=replica)
        world.put("infra.gpu.utilization", every(10, -100, 0, value), replica=replica)

    assert world.seen("service.kv_cache.utilization").value == 0.75
    assert world.seen("infra.gpu.utilization").value == 0.5


def test_counters_are_rates_and_a_restart_is_no_fall(world: World, compacted: bool) -> None:
    grown = [(t, float(2 * (t + 300) if t < -150 else 2 * (t + 150))) for t in range(-300, 1, 15)]
    world.put("vllm:prompt_tokens_total", grown)
    if compacted:
        world.compact()
    values = world.series("business.tokens.input.rate", 270, 30)

    # In the 15 s of the restart it grew by what it shows after it, which is nothing here.
    assert values == pytest.approx([2, 2, 2, 1, 2, 2, 2, 2, 2], rel=1e-3)
    assert world.seen("business.tokens.input.rate").value == pytest.approx(2)


def test_rates_of_replicas_are_summed(world: World) -> None:
    world.put("http_requests_total", every(15, -300, 0, lambda t: 3 * (t + 300)), pod="a")
    world.put("http_requests_total", every(15, -292, -7, lambda t: 5 * (t + 300)), pod="b")

    assert world.seen("service.request.rate").value == pytest.approx(8)


def test_idle_processors_become_utilization(world: World) -> None:
    for cpu, idle in (("0", 0.25), ("1", 0.75)):
        points = every(15, -300, 0, lambda t, idle=idle: 1e6 + idle * (t + 300))
        world.put("node_cpu_seconds_total", points, cpu=cpu, mode="idle")

    assert world.seen("infra.cpu.utilization").value == pytest.approx(0.5)
    assert np.allclose(world.series("infra.cpu.utilization", 120, 60), [0.5, 0.5])


def buckets(
    world: World,
    counts: dict[str, float],
    name: str = "vllm:e2e_request_latency_seconds",
    **labels: str,
) -> None:
    """A histogram whose buckets grow by these counts a second for five minutes."""
    for edge, per_second in counts.items():
        points = every(15, -300, 0, lambda t, n=per_second: n * (t + 300))
        world.put(f"{name}_bucket", points, None, le=edge, **labels)


def test_histograms_of_replicas_are_merged_before_the_quantile(world: World) -> None:
    buckets(world, {"0.1": 9, "1.0": 9, "+Inf": 9}, pod="fast")
    buckets(world, {"0.1": 0, "1.0": 1, "+Inf": 1}, pod="slow")
    p50 = world.seen("experience.e2e", quantile=0.5)
    p95 = world.series("experience.e2e", 60, 30, quantile=0.95)

    assert p50.value == pytest.approx(0.1 * 5 / 9)
    assert np.allclose(p95, 0.1 + 0.9 * 0.5)


def test_what_is_beyond_the_last_edge_is_at_least_that(world: World) -> None:
    buckets(world, {"0.1": 0, "1.0": 0, "+Inf": 5})

    assert world.seen("experience.e2e", quantile=0.95).value == 1.0


def test_grids_of_other_edges_are_not_mixed_and_the_worst_is_shown(world: World) -> None:
    buckets(world, {"0.1": 5, "1.0": 5, "+Inf": 5}, pod="a")
    buckets(world, {"0.2": 0, "2.0": 5, "+Inf": 5}, pod="b")

    assert world.seen("experience.e2e", quantile=0.5).value == pytest.approx(0.2 + 1.8 / 2)


def test_an_edge_that_was_written_otherwise_before_an_upgrade_is_the_same_edge(
    world: World,
) -> None:
    name = "vllm:e2e_request_latency_seconds_bucket"
    for edge in ("1", "+Inf"):
        world.put(name, every(15, -300, -150, lambda t: t + 300), le=edge)
    for edge in ("1.0", "+Inf"):
        world.put(name, every(15, -135, 0, lambda t: t + 150), le=edge)
    values = world.series("experience.e2e", 300, 60, quantile=0.5)

    # Only in the interval of the upgrade itself the new edge has no growth yet.
    assert np.allclose([*values[:2], *values[3:]], 0.5)
    assert 0.5 < values[2] < 1


def test_a_mean_of_a_distribution_comes_from_sum_and_count(world: World) -> None:
    world.put("vllm:e2e_request_latency_seconds_sum", every(15, -300, 0, lambda t: 6 * (t + 300)))
    world.put("vllm:e2e_request_latency_seconds_count", every(15, -300, 0, lambda t: 4 * (t + 300)))

    assert world.seen("experience.e2e").value == pytest.approx(1.5)


def test_quantiles_that_somebody_pushed_are_used_and_the_worst_replica_s_is_shown(
    world: World,
) -> None:
    for replica, value in (("a", 0.2), ("b", 0.9)):
        world.put("experience.e2e", every(10, -60, 0, value), replica=replica, quantile="0.95")
        world.put("experience.e2e", every(10, -60, 0, value / 2), replica=replica)

    assert world.seen("experience.e2e", quantile=0.95).value == 0.9
    assert world.seen("experience.e2e", quantile=0.5).value is None
    assert world.seen("experience.e2e").value == pytest.approx(0.275)


@pytest.mark.parametrize("edge", ["", "abc", "nan"])
def test_a_bucket_that_is_none_does_not_spoil_its_signal(world: World, edge: str) -> None:
    # It used to raise from every later read of the signal.
    buckets(world, {"1.0": 5, "+Inf": 5})
    labels = {"le": edge} if edge else {}
    world.put("vllm:e2e_request_latency_seconds_bucket", [(-5, 1.0)], None, **labels)
    world.put("experience.e2e", [(-5, 1.0)], None, **labels, quantile="x")

    assert world.seen("experience.e2e", quantile=0.5).value == pytest.approx(0.5)


def test_memory_in_use_is_what_is_not_available_host_by_host(world: World) -> None:
    for node, total, free in (("a", 100e9, 30e9), ("b", 50e9, 10e9)):
        world.put("node_memory_MemTotal_bytes", every(15, -100, 0, total), instance=node)
        world.put("node_memory_MemAvailable_bytes", every(15, -100, 0, free), instance=node)
    world.put("node_memory_MemTotal_bytes", every(15, -100, 0, 1e12), instance="half-known")
    seen = world.seen("infra.memory.used")
    rows = {
        row["labels"]["node"]: row["points"][-1][1] for row in world.listed("infra.memory.used")
    }
    stepped = world.listed("infra.memory.used", 60, step=30 * S)

    assert seen.value == 110e9
    assert rows == {"a": 70e9, "b": 40e9}
    assert [value for _, value in stepped[0]["points"]] == [70e9, 70e9, 70e9]


def test_a_derived_signal_that_is_sent_is_taken_as_it_is(world: World) -> None:
    world.put("infra.memory.used", every(15, -100, 0, 5e9))
    world.put("node_memory_MemTotal_bytes", every(15, -100, 0, 100e9))
    world.put("node_memory_MemAvailable_bytes", every(15, -100, 0, 30e9))

    assert world.seen("infra.memory.used").value == 5e9
    assert len(world.listed("infra.memory.used")) == 1


def test_parts_that_never_meet_are_added_as_wholes(world: World) -> None:
    world.put("infra.memory.total", every(15, -100, 0, 100e9), node="a")
    world.put("infra.memory.available", every(15, -100, 0, 30e9), host="a")

    assert world.seen("infra.memory.used").value == 70e9


def test_device_memory_is_added_up_from_its_parts(world: World, noon: datetime) -> None:
    world.page(pages.dcgm(), noon)
    used, total = world.seen("infra.gpu.memory.used"), world.seen("infra.gpu.memory.total")

    assert used.value == 41_000 * 1024**2
    assert total.value == (41_000 + 40_000 + 81_000 + 2 * 559) * 1024**2


def test_blank_fields_of_a_device_are_no_values(world: World, noon: datetime) -> None:
    world.page(pages.dcgm(), noon)

    assert world.seen("infra.gpu.temperature").value == 61
    assert world.seen("infra.gpu.power").value == 287.5
    assert world.seen("infra.gpu.engine_active").value == 0.53
    assert world.seen("infra.gpu.errors").value == 0
    assert world.seen("infra.gpu.utilization").value == pytest.approx(0.285)


@pytest.mark.parametrize("release", ["0.8", "0.11", "0.30"])
def test_two_pages_of_a_vllm_server_are_its_signals(
    world: World, noon: datetime, release: str
) -> None:
    for back in range(8, -1, -1):
        at = noon - 15 * back * S
        world.page(pages.vllm(1000 - 30 * back, release=release), at, workload="chat-7b")
    wanted: dict[tuple[str, float | None], float] = {
        ("service.requests.running", None): 8,
        ("service.requests.waiting", None): 3,
        ("service.kv_cache.utilization", None): 0.42,
        ("service.request.rate", None): 2,
        ("service.request.errors", None): 0.08,
        ("business.finish.rate", None): 1.92,
        ("business.tokens.input.rate", None): 1000,
        ("business.tokens.output.rate", None): 200,
        ("service.prefix_cache.hits", None): 200,
        ("experience.ttft", 0.5): 0.1,
        ("experience.ttft", 0.75): 0.1 + 0.9 / 2,
        ("experience.e2e", 0.5): 1.0,
        ("experience.itl", 0.5): 0.01 + 0.09 / 2,
        ("service.queue.duration", None): 0.001,
    }
    found = selectors.seen_many(
        world.team.pk,
        list(wanted),
        any_of=({"workload": "chat-7b"},),
        now=noon,
        window=120 * S,
    )

    assert {key: seen.value for key, seen in found.items()} == pytest.approx(wanted)


def test_only_matching_series_take_part(world: World) -> None:
    world.put("service.requests.running", [(-5, 1)], workload="a", zone="x")
    world.put("service.requests.running", [(-5, 2)], workload="b", zone="x")
    world.put("service.requests.running", [(-5, 4)], model="m", zone="y")

    def value(*any_of: dict[str, str]) -> float | None:
        return world.seen("service.requests.running", any_of=any_of).value

    assert value({"workload": "a"}) == 1
    assert value({"workload": "a"}, {"model": "m"}) == 5
    assert value({"workload": "a", "zone": "y"}) is None
    assert value({"zone": "x"}) == 3
    assert value() is None


def test_another_team_s_samples_are_not_seen(world: World, team_b: Team, noon: datetime) -> None:
    world.put("service.requests.running", [(-5, 1)])

    assert World(team_b, noon).seen("service.requests.running").value is None
    assert World(team_b, noon).listed("service.requests.running") == []


def test_freshness_is_when_a_sample_reached_us_and_not_its_own_time(
    world: World, noon: datetime, compacted: bool
) -> None:  # N08
    world.put("service.requests.running", [(-200, 1), (-100, 2)], noon - 40 * S)
    if compacted:
        world.compact()
    seen = world.seen("service.requests.running")

    assert (seen.value, seen.at, seen.received_at) == (2, noon - 100 * S, noon - 40 * S)
    assert seen.interval == 100 * S


def test_a_compaction_in_the_middle_of_a_pass_changes_nothing_in_it(
    world: World, noon: datetime
) -> None:
    world.put("service.requests.running", [(-100, 1)], noon - 90 * S, workload="a")
    world.compact()
    world.put("service.requests.running", [(-10, 2)], noon - 5 * S, workload="a")
    world.put("service.requests.running", [(-10, 7)], noon - 5 * S, workload="b")
    with look.together():
        first = world.seen("service.requests.running", any_of=({"workload": "b"},))
        world.compact()
        world.put("service.requests.running", [(-1, 9)], workload="a")
        second = world.seen("service.requests.running", any_of=({"workload": "a"},))
    after = world.seen("service.requests.running", any_of=({"workload": "a"},))

    assert (first.value, first.received_at) == (7, noon - 5 * S)
    assert (second.value, second.received_at) == (2, noon - 5 * S)
    assert (after.value, after.received_at) == (9, noon)


def test_a_sample_from_the_future_is_not_seen_before_its_time(world: World, noon: datetime) -> None:
    world.put("service.requests.running", [(-10, 1), (0, 2), (30, 9)])

    assert world.seen("service.requests.running").value == 2
    assert world.seen("service.requests.running", now=noon + 30 * S).value == 9


def test_history_is_the_window_s_and_oldest_first(world: World, noon: datetime) -> None:
    world.put("service.requests.running", every(10, -100, 0, lambda t: t + 100))
    seen = world.seen("service.requests.running", 30)

    assert seen.history == tuple((noon + t * S, float(t + 100)) for t in (-20, -10, 0))
    assert seen.interval == 10 * S


def test_what_nobody_sent_is_unknown(world: World) -> None:
    seen = world.seen("service.requests.running")

    assert (seen.value, seen.at, seen.received_at, seen.history) == (None, None, None, ())
    assert np.isnan(world.series("service.requests.running", 60, 15)).all()


def test_samples_a_millisecond_apart_do_not_make_a_million_cells(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "MOST_CELLS", 100)
    for start, value, replica in ((-10, 1.0, "a"), (-50, 2.0, "b")):
        burst = [(start + i / 1000, value) for i in range(3000)]
        world.put("service.requests.running", burst, replica=replica)
    seen = world.seen("service.requests.running", 1800)

    assert len(seen.history) <= 102
    assert seen.value == 3


def test_several_signals_are_read_with_one_pass(
    world: World, noon: datetime, django_assert_max_num_queries: Any
) -> None:
    world.put("service.requests.running", [(-5, 1)])
    world.put("service.requests.waiting", [(-5, 2)])
    world.compact()
    wanted = [("service.requests.running", None), ("service.requests.waiting", None)] * 3
    with django_assert_max_num_queries(5):
        found = selectors.seen_many(world.team.pk, wanted, any_of=ANY, now=noon, window=60 * S)

    assert [seen.value for seen in found.values()] == [1, 2]


def test_listed_series_keep_their_labels_and_raw_points(world: World, noon: datetime) -> None:
    world.put("service.requests.running", [(-400, 9), (-20, 1), (-10, STALE), (0, 3)], replica="a")
    rows = world.listed("service.requests.running")
    at = noon.timestamp()

    assert rows == [{"labels": {"replica": "a"}, "points": [[at - 20, 1.0], [at, 3.0]]}]


def test_listed_counters_are_rates_and_steps_are_a_grid(world: World, noon: datetime) -> None:
    world.put("vllm:prompt_tokens_total", every(15, -300, 0, lambda t: 4 * (t + 300)))
    raw = world.listed("business.tokens.input.rate", 60)[0]["points"]
    grid = world.listed("business.tokens.input.rate", 60, step=30 * S)[0]["points"]

    assert [value for _, value in raw] == [4.0] * 5
    assert [at - noon.timestamp() for at, _ in grid] == [-60, -30]
    assert [value for _, value in grid] == pytest.approx([4, 4])


def test_thinned_lists_keep_every_peak(world: World) -> None:
    spikes = {-3001: 50.0, -1234: 99.0, -17: -5.0}
    world.put("business.temperature", [(t, spikes.get(t, 1.0)) for t in range(-3400, 0)])
    (row,) = world.listed("business.temperature", 3500, max_points=20)
    values = [value for _, value in row["points"]]

    assert len(values) <= 20
    assert {50.0, 99.0, -5.0} <= set(values)


def test_the_catalogue_says_what_was_seen_and_where(
    world: World, noon: datetime, compacted: bool
) -> None:
    world.put("service.requests.running", [(-5, 1)], noon - 30 * S, workload="a")
    world.put("service.requests.running", [(-5, 1)], noon - 9 * S, workload="b")
    world.put("node_memory_MemTotal_bytes", [(-5, 1e9)], workload="host")
    world.put("business.orders", [(-5, 1)])
    world.put("go_goroutines", [(-5, 1)])
    if compacted:
        world.compact()
    known = {entry["signal"]: entry for entry in selectors.known_signals(world.team.pk)}
    running = known["service.requests.running"]

    assert (running["seen"], running["last_at"]) == (True, noon - 9 * S)
    assert (running["workloads"], running["layer"], running["unit"]) == (
        ["a", "b"],
        "service",
        "{request}",
    )
    assert not known["service.requests.waiting"]["seen"]
    assert known["infra.memory.used"]["workloads"] == ["host"]  # derived from what was sent
    assert (known["business.orders"]["layer"], known["go_goroutines"]["layer"]) == (
        "business",
        None,
    )


def test_the_newest_sample_of_each_workload_is_known(
    world: World, noon: datetime, compacted: bool
) -> None:
    world.put("service.requests.running", [(-5, 1)], noon - 30 * S, workload="a")
    world.put("service.requests.waiting", [(-5, 1)], noon - 9 * S, workload="a")
    world.put("go_goroutines", [(-5, 1)])
    if compacted:
        world.compact()

    assert selectors.latest_sample_at(world.team.pk) == {"a": noon - 9 * S, "": noon}


def test_kinds_of_one_name_are_two_series_of_one_signal(world: World) -> None:
    world.put("service.request.rate", every(10, -100, 0, 7), replica="gauge")
    run = ingest.Run(
        "service.request.rate",
        {"replica": "counter"},
        np.array([round(1000 * (world.noon.timestamp() + t)) for t in range(-100, 1, 10)]),
        np.array([3.0 * t for t in range(0, 101, 10)]),
        Kind.COUNTER,
    )
    ingest.backfill(world.team.pk, [run], now=world.noon)

    assert world.seen("service.request.rate").value == pytest.approx(10)
