"""Vendors' names → our signals: every entry of the catalogue files, and whole real-shaped pages."""

from collections import Counter
from typing import Any

import pytest

from controlplane.metrics.catalogue import mapping
from controlplane.metrics.catalogue.mapping import FILES, TRANSFORMS, Bound, bind, tables
from controlplane.metrics.catalogue.signals import BadCatalogue, read_yaml, signals
from controlplane.metrics.sample import Kind, Source, sorted_labels
from controlplane.metrics.wire import exposition
from tests.controlplane.metrics import pages

KINDS = {"gauge": Kind.GAUGE, "counter": Kind.COUNTER}
PARTS = {"_bucket": Kind.BUCKET, "_sum": Kind.SUM, "_count": Kind.COUNT}


def source(name: str, /, **labels: str) -> Source:
    return Source(name, sorted_labels(labels))


def bound(name: str, declared: Kind | None = None, /, **labels: str) -> Bound:
    found = bind(Source(name, sorted_labels(labels), declared))
    assert found is not None
    return found


def labels_of(name: str, **labels: str) -> dict[str, str]:
    return dict(bound(name, None, **labels).identity.labels)


def read_as(name: str, value: float, **labels: str) -> float:
    """What a gauge of this name and value is stored as."""
    factor, divisor, offset = bound(name, None, **labels).transform
    return value * factor / divisor + offset


def entries() -> list[Any]:
    return [
        pytest.param(entry, name, id=name)
        for file in FILES
        for entry in read_yaml(file, dict)["map"]
        for name in entry["match"]["name"]
    ]


@pytest.mark.parametrize(("entry", "name"), entries())
def test_every_name_in_the_files_leads_to_its_signal(entry: dict[str, Any], name: str) -> None:
    match = entry["match"]
    labels = match.get("labels", {})
    suffixes = PARTS if match["kind"] == "histogram" else {"": KINDS.get(match["kind"])}
    for suffix, kind in suffixes.items():
        more = {"le": "0.5"} if kind is Kind.BUCKET else {}
        found = bound(name + suffix, None, **labels, **more)
        wanted = Kind.COMPLEMENT if entry.get("transform") == "idle" else kind

        assert (found.identity.signal, found.identity.kind) == (entry["signal"], wanted)
        assert found.identity.source == name + suffix
        assert found.transform == TRANSFORMS[entry.get("transform", "id")]


@pytest.mark.parametrize(
    "name", ["vllm:prompt_tokens", "http_requests", "node_disk_read_bytes", "vllm:request_success"]
)
def test_a_counter_is_known_with_and_without_total(name: str) -> None:
    assert bound(f"{name}_total").identity.signal == bound(name).identity.signal != name


@pytest.mark.parametrize(
    ("name", "raw", "stored"),
    [
        ("DCGM_FI_DEV_GPU_UTIL", 57.0, 0.57),
        ("DCGM_FI_DEV_FB_USED", 41_000.0, 41_000 * 1024.0**2),
        ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", 1500.0, 1.5),
        ("DCGM_FI_PROF_DRAM_ACTIVE", 0.33, 0.33),
        ("vllm:kv_cache_usage_perc", 0.42, 0.42),  # a ratio, in spite of its name
    ],
)
def test_values_arrive_in_the_signal_s_unit(name: str, raw: float, stored: float) -> None:
    assert read_as(name, raw) == stored


def test_an_engine_is_asleep_when_it_is_not_awake() -> None:
    found = bound("vllm:engine_sleep_state", sleep_state="awake")

    assert found.identity.signal == "service.engine.asleep"
    assert read_as("vllm:engine_sleep_state", 1, sleep_state="awake") == 0
    assert bound("vllm:engine_sleep_state", sleep_state="discard_all").identity.signal == (
        "vllm:engine_sleep_state"
    )


def test_failures_inside_the_success_counter_are_errors() -> None:  # trap 1
    reasons = {
        reason: bound("vllm:request_success_total", finished_reason=reason).identity.signal
        for reason in ("stop", "length", "abort", "error", "repetition")
    }

    assert reasons.pop("error") == "service.request.errors"
    assert set(reasons.values()) == {"business.finish.rate"}


def test_a_percentage_in_a_ratio_s_place_is_outside_its_bounds() -> None:  # trap 2
    assert bound("vllm:kv_cache_usage_perc").bounds == (0.0, 1.5)
    assert bound("DCGM_FI_DEV_GPU_UTIL").bounds == (0.0, 1.0001)


def test_cumulative_values_have_no_upper_bound() -> None:
    assert bound("vllm:prompt_tokens_total").bounds == (0.0, float("inf"))
    assert bound("node_cpu_seconds_total", mode="idle").bounds == (0.0, float("inf"))


def test_the_two_times_per_token_are_two_signals() -> None:
    # vLLM 0.11 sends all three. The old name repeats the time between tokens; taken for the time
    # per token of a request it would be mixed into that one's buckets.
    names = {
        name: bound(f"vllm:{name}_seconds_count").identity.signal
        for name in (
            "time_per_output_token",
            "inter_token_latency",
            "request_time_per_output_token",
        )
    }

    assert list(names.values()) == ["experience.itl", "experience.itl", "experience.tpot"]


@pytest.mark.parametrize(
    ("name", "renamed"),
    [
        ("vllm:gpu_cache_usage_perc", True),
        ("vllm:gpu_prefix_cache_hits_total", True),
        ("vllm:time_per_output_token_seconds", True),
        ("ray_vllm:gpu_cache_usage_perc", True),
        ("vllm:kv_cache_usage_perc", False),
        ("up", False),
    ],
)
def test_old_names_are_known_as_old(name: str, renamed: bool) -> None:  # trap 7
    assert tables().renamed(name) is renamed


def test_a_prefix_that_a_relay_adds_is_rewritten() -> None:  # trap 14
    assert bound("ray_vllm:num_requests_running").identity.signal == "service.requests.running"
    assert bound("ray_vllm_num_requests_waiting").identity.signal == "service.requests.waiting"


def test_a_histogram_is_one_although_its_name_ends_in_total() -> None:
    found = bound("vllm:iteration_tokens_total_bucket", le="1024.0")

    assert (found.identity.signal, found.identity.kind) == ("service.batch.tokens", Kind.BUCKET)


@pytest.mark.parametrize("le", ["", "abc", "1_0", "nan", "0x1", "١", "1 "])
def test_a_bucket_without_a_number_for_its_edge_is_no_bucket(le: str) -> None:
    labels = {"le": le} if le else {}
    mapped = bound("vllm:e2e_request_latency_seconds_bucket", Kind.BUCKET, **labels)
    unmapped = bound("other_bucket", None, **labels)
    canonical = bind(Source("experience.e2e", sorted_labels(labels), canonical=True))

    assert mapped.identity.signal == "vllm:e2e_request_latency_seconds_bucket"
    assert (mapped.identity.kind, unmapped.identity.kind) == (Kind.COUNTER, Kind.COUNTER)
    assert canonical is not None
    assert canonical.identity.kind is Kind.GAUGE


@pytest.mark.parametrize("le", ["0.5", "1", "1e-3", "+Inf", "inf", "-2.5"])
def test_edges_as_programs_write_them_are_edges(le: str) -> None:
    found = bound("vllm:e2e_request_latency_seconds_bucket", le=le)

    assert found.identity.kind is Kind.BUCKET


@pytest.mark.parametrize("name", ["a_created", "vllm:prompt_tokens_created"])
def test_birth_times_of_counters_are_dropped(name: str) -> None:
    assert bind(source(name)) is None


@pytest.mark.parametrize(
    ("device", "kept"),
    [
        ("eth0", True),
        ("ens5", True),
        ("wlan0", True),
        ("ib0", True),
        ("lo", False),
        ("veth3af1", False),
        ("docker0", False),
        ("br-21ab", False),
        ("cali07f", False),
        ("cni0", False),
        ("flannel.1", False),
        ("bond0", False),
        ("eth0.100", False),
    ],
)
def test_only_network_cards_count_bytes(device: str, kept: bool) -> None:
    for name in ("node_network_receive_bytes_total", "node_network_transmit_bytes_total"):
        assert (bind(source(name, device=device)) is not None) is kept


@pytest.mark.parametrize(
    ("device", "kept"),
    [("sda", True), ("nvme0n1", True), ("vda", True), ("dm-0", False), ("md127", False)],
)
def test_only_disks_count_bytes(device: str, kept: bool) -> None:
    for name in ("node_disk_read_bytes_total", "node_disk_written_bytes_total"):
        assert (bind(source(name, device=device)) is not None) is kept


def test_idle_processors_are_read_as_what_is_missing_to_busy() -> None:
    idle = bound("node_cpu_seconds_total", cpu="0", mode="idle")
    user = bound("node_cpu_seconds_total", cpu="0", mode="user")

    assert (idle.identity.signal, idle.identity.kind) == ("infra.cpu.utilization", Kind.COMPLEMENT)
    assert user.identity.signal == "node_cpu_seconds_total"


def test_labels_get_our_names_and_the_rest_are_kept() -> None:
    labels = dict(
        bound("vllm:num_requests_running", model_name="m", pod="p", zone="z").identity.labels
    )

    assert labels == {"model": "m", "replica": "p", "zone": "z"}


def test_a_label_that_has_our_name_already_is_not_overwritten() -> None:
    labels = labels_of("vllm:num_requests_running", model="mine", model_name="m")

    assert labels == {"model": "mine", "model_name": "m"}


def test_the_first_of_several_label_names_wins() -> None:
    scraped = dict(
        bound("DCGM_FI_DEV_GPU_UTIL", pod="exporter-x", exported_pod="chat-0").identity.labels
    )
    direct = labels_of("DCGM_FI_DEV_GPU_UTIL", pod="chat-0", Hostname="n1")

    assert (scraped["replica"], scraped["pod"]) == ("chat-0", "exporter-x")
    assert direct == {"replica": "chat-0", "node": "n1"}


def test_the_door_s_workload_is_a_default_and_no_order() -> None:
    own = bind(source("vllm:num_requests_running", workload="own"), "door")
    none = bind(source("vllm:num_requests_running"), "door")

    assert own is not None
    assert none is not None
    assert dict(own.identity.labels)["workload"] == "own"
    assert dict(none.identity.labels)["workload"] == "door"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("go_goroutines", Kind.GAUGE),
        ("process_cpu_seconds_total", Kind.COUNTER),
        ("rpc_seconds_sum", Kind.COUNTER),
        ("rpc_seconds_count", Kind.COUNTER),
        ("rpc_seconds_bucket", Kind.COUNTER),  # without an edge
    ],
)
def test_a_name_nobody_knows_is_kept_and_its_kind_guessed(name: str, kind: Kind) -> None:
    found = bound(name, job="x")

    assert (found.identity.signal, found.identity.kind) == (name, kind)
    assert found.identity.labels == (("job", "x"),)
    assert found.bounds == (float("-inf"), float("inf"))


def test_a_declared_kind_beats_the_guess() -> None:
    assert bound("weird_total", Kind.GAUGE).identity.kind is Kind.GAUGE


def test_a_mapped_gauge_is_one_whatever_a_page_declares() -> None:
    assert bound("vllm:num_requests_running", Kind.COUNTER).identity.kind is Kind.GAUGE


def on_page(page: str) -> Counter[tuple[str, Kind]]:
    """(signal, kind) → series, of what a page is stored as."""
    parsed = exposition.parse(page.encode(), {}, now_ms=0, openmetrics=False)
    found = [one for fresh in parsed.fresh if (one := bind(fresh.source)) is not None]
    return Counter((one.identity.signal, one.identity.kind) for one in found)


@pytest.mark.parametrize("release", ["0.8", "0.11", "0.30"])
def test_a_vllm_page_is_understood_in_every_release(release: str) -> None:
    found = on_page(pages.vllm(100, release=release))
    ours = {signal for signal, _ in found if signal in signals()}

    assert ours >= {
        "service.requests.running",
        "service.requests.waiting",
        "service.kv_cache.utilization",
        "service.preemption.rate",
        "service.prefix_cache.queries",
        "service.prefix_cache.hits",
        "service.batch.tokens",
        "service.queue.duration",
        "service.request.rate",
        "service.request.errors",
        "service.request.duration",
        "experience.ttft",
        "experience.itl",
        "experience.e2e",
        "business.tokens.input.rate",
        "business.tokens.output.rate",
        "business.request.input_tokens",
        "business.finish.rate",
    }
    assert ("experience.tpot" in ours) is (release != "0.8")
    assert found["experience.ttft", Kind.BUCKET] == len(pages.EDGES)
    assert found["experience.ttft", Kind.SUM] == found["experience.ttft", Kind.COUNT] == 1


@pytest.mark.parametrize("release", ["0.8", "0.11", "0.30"])
def test_no_two_names_with_different_values_share_a_stored_series(release: str) -> None:
    page = pages.vllm(100, release=release).encode()
    values: dict[object, set[float]] = {}
    for fresh in exposition.parse(page, {}, now_ms=0, openmetrics=False).fresh:
        found = bind(fresh.source)
        if found is not None:
            values.setdefault(found.identity.key(), set()).update(fresh.values)

    assert [key for key, several in values.items() if len(several) > 1] == []


def test_a_dcgm_page_is_understood() -> None:
    found = on_page(pages.dcgm())

    assert {signal for signal, _ in found if signal.startswith("infra.")} == {
        "infra.gpu.utilization",
        "infra.gpu.engine_active",
        "infra.gpu.tensor_active",
        "infra.gpu.dram_active",
        "infra.gpu.memory.used",
        "infra.gpu.memory.free",
        "infra.gpu.memory.reserved",
        "infra.gpu.power",
        "infra.gpu.energy",
        "infra.gpu.temperature",
        "infra.gpu.errors",
        "infra.gpu.pcie.rx",
        "infra.gpu.pcie.tx",
    }
    assert found["DCGM_FI_DEV_SM_CLOCK", Kind.GAUGE] == 2


GOOD: dict[str, Any] = {"signal": "infra.gpu.power", "match": {"name": ["x"], "kind": "gauge"}}


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({**GOOD, "signal": "infra.gpu.powr"}, "does not know"),
        ({**GOOD, "mach": {}}, "unknown keys: mach"),
        ({**GOOD, "transform": "x/100"}, "transform must be one of"),
        ({**GOOD, "bounds": [1, 0]}, "bounds must rise"),
        ({**GOOD, "bounds": 5}, "bounds must be"),
        ({**GOOD, "match": {"name": ["x"], "kind": "gage"}}, "kind must be one of"),
        ({**GOOD, "match": {"name": "x", "kind": "gauge"}}, "list of source names"),
        ({**GOOD, "match": {"name": [], "kind": "gauge"}}, "list of source names"),
        ({**GOOD, "match": 5}, "must be a mapping"),
    ],
)
def test_a_wrong_mapping_file_is_named_with_its_entry(
    entry: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapping, "read_yaml", lambda _file, _kind: {"engine": "x", "map": [entry]})
    with pytest.raises(BadCatalogue, match=says):
        mapping.tables.__wrapped__()
