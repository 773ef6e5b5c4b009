"""Steps → signals of all four layers, under the catalogue's names and within its bounds."""

from dataclasses import replace

import numpy as np
import pytest

from controlplane.demo.physics import advance
from controlplane.demo.profiles import CHAT, EMBED, PROFILES, Profile
from controlplane.demo.steps import Steps, columns, known
from controlplane.demo.telemetry import Reading, readings
from controlplane.metrics.catalogue.signals import LAYERS, signals
from controlplane.metrics.functions import bucket_quantile
from controlplane.metrics.sample import CUMULATIVE, Kind


def steps(profile: Profile, *, ready: int, arrivals: float, before: float = 0.0) -> Steps:
    """One minute of the profile's fleet."""
    step = advance(profile.plant, ready=ready, before=before, arrivals=arrivals, seconds=60.0)
    lengths = (np.array([1600.0]), np.array([178.0]))
    return columns([step], starting=[1.0], lengths=lengths)


def found(profile: Profile, made: Steps, signal: str) -> list[Reading]:
    return [one for one in readings(profile, made) if one.signal == signal]


def value(profile: Profile, made: Steps, signal: str) -> float:
    (one,) = found(profile, made, signal)
    return float(one.values[0])


def latency(profile: Profile, made: Steps, signal: str, quantile: float) -> float:
    """As a reader of the buckets computes it."""
    buckets = [one for one in found(profile, made, signal) if one.kind is Kind.BUCKET]
    rows = sorted((float(dict(one.labels)["le"].replace("Inf", "inf")), one) for one in buckets)
    edges = np.array([edge for edge, _ in rows])
    counts = np.stack([one.values for _, one in rows])
    return float(bucket_quantile(quantile, edges, counts)[0])


@pytest.mark.parametrize("name", list(PROFILES))
def test_every_workload_tells_of_all_four_layers(name: str) -> None:
    made = readings(PROFILES[name], steps(PROFILES[name], ready=3, arrivals=600))

    assert {one.signal.split(".")[0] for one in made} == set(LAYERS)
    assert {dict(one.labels)["workload"] for one in made} == {name}
    assert {dict(one.labels)["synthetic"] for one in made} == {"true"}


@pytest.mark.parametrize("name", list(PROFILES))
@pytest.mark.parametrize(("ready", "arrivals", "before"), [(3, 600, 0), (1, 9e4, 500), (2, 0, 0)])
def test_signals_are_the_catalogues_and_within_its_bounds(
    name: str, ready: int, arrivals: float, before: float
) -> None:
    made = readings(
        PROFILES[name], steps(PROFILES[name], ready=ready, arrivals=arrivals, before=before)
    )

    for one in made:
        low, high = signals()[one.signal].bounds
        values = one.values[np.isfinite(one.values)]
        assert (values >= 0).all() if one.kind in CUMULATIVE else (values >= low).all(), one
        assert (values <= high).all(), one


def test_no_two_readings_are_one_series() -> None:
    made = readings(CHAT, steps(CHAT, ready=3, arrivals=600))

    assert len({(one.signal, one.labels, one.kind) for one in made}) == len(made)


def test_an_idle_fleet_answers_as_fast_as_its_service_time_allows() -> None:
    calm = steps(EMBED, ready=4, arrivals=60 * 160)  # half of its capacity

    assert latency(EMBED, calm, "experience.e2e", 0.5) == pytest.approx(0.047, rel=0.05)
    assert latency(EMBED, calm, "experience.e2e", 0.95) == pytest.approx(0.084, rel=0.05)


def test_waiting_requests_are_seen_in_every_quantile_and_in_the_slo() -> None:
    jammed = steps(EMBED, ready=2, arrivals=60 * 170, before=200.0)
    calm = steps(EMBED, ready=4, arrivals=60 * 170)

    assert latency(EMBED, jammed, "experience.e2e", 0.5) > 1.0
    assert value(EMBED, calm, "experience.slo_attainment") > 0.999
    assert value(EMBED, jammed, "experience.slo_attainment") < 0.01


def test_a_fuller_batch_answers_more_slowly() -> None:
    empty = latency(CHAT, steps(CHAT, ready=10, arrivals=60 * 6), "experience.e2e", 0.95)
    full = latency(CHAT, steps(CHAT, ready=10, arrivals=60 * 57), "experience.e2e", 0.95)

    assert 1.1 < full / empty < 1.4


def test_failed_requests_count_against_the_slo_and_as_errors() -> None:
    broken = steps(EMBED, ready=1, arrivals=60 * 800)
    errors = {
        dict(one.labels)["reason"]: float(one.values[0])
        for one in found(EMBED, broken, "business.finish.rate")
    }

    assert value(EMBED, broken, "service.request.errors") == pytest.approx(715, rel=0.01)
    assert errors["error"] == pytest.approx(715, rel=0.01)
    assert value(EMBED, broken, "experience.slo_attainment") < 0.05


def test_running_requests_are_littles_law_up_to_the_slots() -> None:
    half = steps(CHAT, ready=4, arrivals=60 * 12)
    full = steps(CHAT, ready=4, arrivals=60 * 40)

    assert value(CHAT, half, "service.requests.running") == pytest.approx(12 * 3.6)
    assert value(CHAT, full, "service.requests.running") == pytest.approx(24 * 3.6)


def test_what_does_not_exist_is_absent_and_not_zero() -> None:
    names = {one.signal for one in readings(EMBED, steps(EMBED, ready=3, arrivals=600))}

    assert "experience.ttft" not in names
    assert "service.kv_cache.utilization" not in names
    assert "business.users.active" not in names


def test_without_a_ready_replica_its_use_is_unknown() -> None:
    gone = steps(EMBED, ready=0, arrivals=600)

    assert np.isnan(value(EMBED, gone, "infra.gpu.utilization"))
    assert value(EMBED, gone, "infra.gpu.power") == 0.0
    assert value(EMBED, gone, "service.request.errors") == pytest.approx(10.0)


def test_steps_of_which_nothing_is_known_are_left_out() -> None:
    two = steps(EMBED, ready=3, arrivals=600)
    holes = Steps(
        **{
            name: np.concatenate((getattr(two, name), getattr(two, name)))
            for name in Steps.__slots__
        }
    )
    holes = replace(holes, arrivals=np.array([600.0, np.nan]))
    kept, mask = known(holes)

    assert len(kept) == 1
    assert mask.tolist() == [True, False]


def test_money_is_paid_for_replicas_that_are_starting_too() -> None:
    assert value(CHAT, steps(CHAT, ready=4, arrivals=600), "business.cost.rate") == 12.5
