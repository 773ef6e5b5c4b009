"""Rows at one instant → a snapshot in which absence is absence and every age is known."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from controlplane.decisions.models import ActuationRecord, ActuationState
from controlplane.decisions.observe import observe
from controlplane.decisions.pools import refresh_pools
from controlplane.forecasts.models import ForecastRecord
from controlplane.metrics.ingest import accept
from controlplane.metrics.wire import exposition
from controlplane.workloads import services
from controlplane.workloads.models import TeamPause, Workload
from controlplane.workloads.parse import validate
from forecasting.forecast import QUANTILES
from scaler.engine.snapshot import Mode, Past
from scaler.errors import Transient
from tests.controlplane.decisions.cloud import Cloud
from tests.controlplane.decisions.looks import decided, ordered, push
from tests.factories import chat_document

RUNNING = "service.requests.running"


def test_a_signal_that_never_came_is_absent_and_not_zero(chat: Workload, noon: datetime) -> None:
    seen = observe(chat, now=noon).snapshot.observation(RUNNING)

    assert seen is not None
    assert (seen.value, seen.received_at, seen.history) == (None, None, ())


def test_a_fresh_sample_is_seen_with_the_time_it_reached_us(chat: Workload, noon: datetime) -> None:
    push(chat, RUNNING, [30, 40], until=noon)
    seen = observe(chat, now=noon + timedelta(seconds=4)).snapshot.observation(RUNNING)

    assert seen is not None
    assert (seen.value, seen.received_at) == (40.0, noon)
    assert seen.fresh(noon + timedelta(seconds=4))


def test_an_old_sample_keeps_its_age_and_is_no_longer_fresh(chat: Workload, noon: datetime) -> None:
    push(chat, RUNNING, [40, 40, 40], until=noon)
    later = noon + timedelta(minutes=3)
    seen = observe(chat, now=later).snapshot.observation(RUNNING)

    assert seen is not None
    assert seen.age(later) == timedelta(minutes=3)
    assert not seen.fresh(later)


def test_a_sample_that_is_not_a_number_is_no_value(chat: Workload, noon: datetime) -> None:
    stamp = round(noon.timestamp() * 1000)
    body = f'vllm:num_requests_running{{workload="chat-7b"}} NaN {stamp}\n'.encode()
    parsed = exposition.parse(body, {}, now_ms=stamp, openmetrics=False)
    accept(chat.team_id, parsed, protocol="exposition", now=noon)
    seen = observe(chat, now=noon).snapshot.observation(RUNNING)

    assert seen is not None
    assert seen.value is None


def test_only_the_past_that_a_policy_asks_about_is_carried_along(
    chat: Workload, noon: datetime
) -> None:
    for signal in (RUNNING, "infra.gpu.utilization"):
        push(chat, signal, [0.5] * 80, until=noon)  # twenty minutes
    snapshot = observe(chat, now=noon).snapshot
    running, busy = snapshot.observation(RUNNING), snapshot.observation("infra.gpu.utilization")

    assert running is not None
    assert busy is not None
    assert len(running.history) == 5  # its policy looks at the newest value only
    assert noon - busy.history[0][0] == timedelta(minutes=15, seconds=45)  # idle for 15, and more


def test_another_teams_samples_are_never_seen(
    chat: Workload, team_b: object, noon: datetime
) -> None:
    other = Workload(team_id=team_b.pk, name=chat.name, document=chat.document)  # type: ignore[attr-defined]
    push(other, RUNNING, [99], until=noon)

    seen = observe(chat, now=noon).snapshot.observation(RUNNING)
    assert seen is not None
    assert seen.value is None


def two_pools(chat: Workload, noon: datetime) -> Workload:
    document = chat_document()
    document["spec"]["pools"].append(
        {"name": "burst", "target": {"kind": "simulated", "name": "chat-burst"}}
    )
    return services.save_document(chat.team, validate(document), actor="t", now=noon).workload


def test_two_pools_are_one_size_as_old_as_the_older_read(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    both = two_pools(chat, noon)
    cloud.sizes["chat-burst"] = 3
    refresh_pools(both.pools.filter(name="burst").select_related("workload"), now=noon)
    later = noon + timedelta(seconds=20)
    refresh_pools(both.pools.filter(name="private-a100").select_related("workload"), now=later)
    replicas = observe(both, now=later).snapshot.replicas

    assert replicas is not None
    assert (replicas.current, replicas.observed_at) == (8, noon)


def test_one_pool_that_was_never_read_makes_the_whole_size_unknown(
    chat: Workload, noon: datetime
) -> None:
    both = two_pools(chat, noon)

    assert observe(both, now=noon).snapshot.replicas is None


def test_a_failed_read_keeps_the_old_size_with_its_age(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    cloud.read_error = Transient("throttled")
    refresh_pools(chat.pools.select_related("workload"), now=noon + timedelta(seconds=40))
    replicas = observe(chat, now=noon + timedelta(seconds=40)).snapshot.replicas

    assert replicas is not None
    assert replicas.observed_at == noon
    assert chat.pools.get().trouble == "throttled"


def test_one_pool_whose_provider_surprises_does_not_blind_the_others(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    both = two_pools(chat, noon)
    cloud.next_error = RuntimeError("a bug in an adapter")  # type: ignore[assignment]
    refresh_pools(both.pools.select_related("workload"), now=noon + timedelta(seconds=5))
    troubles = dict(both.pools.values_list("name", "trouble"))

    assert troubles["private-a100"] == "The read failed unexpectedly."
    assert "no target" in troubles["burst"]


def test_an_override_counts_until_its_time_is_over(chat: Workload, noon: datetime) -> None:
    hour = timedelta(hours=1)
    services.place_override(chat, size=7, lasting=hour, actor="user:ann", now=noon, reason="launch")
    before = observe(chat, now=noon + hour - timedelta(seconds=1)).snapshot.override

    assert before is not None
    assert (before.size, before.by, before.reason) == (7, "user:ann", "launch")
    assert observe(chat, now=noon + hour).snapshot.override is None


def test_a_lifted_override_counts_no_more(chat: Workload, noon: datetime) -> None:
    hour = timedelta(hours=1)
    services.place_override(chat, size=None, lasting=hour, actor="user:ann", now=noon)
    services.lift_overrides(chat, now=noon)

    assert observe(chat, now=noon).snapshot.override is None


@pytest.mark.parametrize("whose", ["workload", "team"])
def test_a_pause_of_the_workload_or_of_its_team_is_seen(
    chat: Workload, noon: datetime, whose: str
) -> None:
    if whose == "team":
        TeamPause.objects.create(team=chat.team, by="user:ann", at=noon)
    else:
        services.set_paused(chat, paused=True, actor="user:ann", now=noon)

    assert observe(chat, now=noon).snapshot.paused


def test_the_mode_of_the_document_is_the_snapshots_mode(chat: Workload, noon: datetime) -> None:
    changed = services.set_mode(chat, "recommend", actor="user:ann", now=noon)

    assert observe(changed, now=noon).snapshot.mode is Mode.RECOMMEND


def test_the_memory_of_earlier_wishes_survives_a_restart(chat: Workload, noon: datetime) -> None:
    for minutes, size in ((4, 9), (2, 7)):
        decided(chat, size, now=noon - timedelta(minutes=minutes))
    fresh = Workload.objects.get(pk=chat.pk)
    memory = observe(fresh, now=noon).snapshot.memory

    assert memory.wanted == (
        Past(noon - timedelta(minutes=4), 9),
        Past(noon - timedelta(minutes=2), 7),
    )


def test_wishes_older_than_the_stabilization_window_are_forgotten(
    chat: Workload, noon: datetime
) -> None:
    decided(chat, 30, now=noon - timedelta(minutes=7))

    assert observe(chat, now=noon).snapshot.memory.wanted == ()


def test_only_orders_that_reached_the_provider_start_a_cooldown(
    chat: Workload, noon: datetime
) -> None:
    order = ordered(chat, 9, now=noon)
    rows = ActuationRecord.objects.filter(pk=order.pk)
    later = noon + timedelta(seconds=10)
    assert observe(chat, now=later).snapshot.memory.last_up is None

    rows.update(state=ActuationState.EXECUTING)
    assert observe(chat, now=later).snapshot.memory.last_up == noon

    rows.update(state=ActuationState.SUPERSEDED, applied_at=noon)
    assert observe(chat, now=later).snapshot.memory.last_up == noon

    rows.update(state=ActuationState.FAILED, applied_at=None)
    assert observe(chat, now=later).snapshot.memory.last_up is None


def test_a_release_is_remembered_as_a_release(chat: Workload, noon: datetime) -> None:
    order = ordered(chat, 3, now=noon)
    ActuationRecord.objects.filter(pk=order.pk).update(applied_at=noon)
    memory = observe(chat, now=noon + timedelta(seconds=1)).snapshot.memory

    assert (memory.last_up, memory.last_down) == (None, noon)


def forecast(chat: Workload, *, made: datetime) -> ForecastRecord:
    return ForecastRecord.objects.create(
        workload=chat,
        signal="service.request.rate",
        model="seasonal-naive",
        origin=made,
        step_seconds=60.0,
        quantiles=list(QUANTILES),
        values=np.full((30, len(QUANTILES)), 50.0).tolist(),
        created_at=made,
    )


def test_the_newest_forecast_is_read_with_its_row(chat: Workload, noon: datetime) -> None:
    forecast(chat, made=noon - timedelta(minutes=5))
    newest = forecast(chat, made=noon - timedelta(minutes=1))
    look = observe(chat, now=noon)

    assert look.forecast == newest
    assert look.snapshot.forecast is not None
    assert look.snapshot.forecast.origin == noon - timedelta(minutes=1)


def test_a_forecast_that_grew_old_is_not_read(chat: Workload, noon: datetime) -> None:
    forecast(chat, made=noon - timedelta(minutes=10, seconds=1))

    assert observe(chat, now=noon).snapshot.forecast is None


def test_bounds_are_no_wider_than_what_the_pools_can_hold(chat: Workload, noon: datetime) -> None:
    document = chat_document(replicas={"min": 1, "max": 40})
    document["spec"]["pools"][0]["replicas"] = {"min": 2, "max": 12}
    row = services.save_document(chat.team, validate(document), actor="t", now=noon).workload
    bounds = observe(row, now=noon).snapshot.bounds

    assert (bounds.minimum, bounds.maximum) == (2, 12)
