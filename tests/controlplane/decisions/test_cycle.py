"""Observe, decide, record: once per instant, in the order of things, and nobody holds up others."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from controlplane.accounts.models import Team
from controlplane.common.models import Heartbeat
from controlplane.decisions import cycle, services
from controlplane.decisions.models import ActuationRecord, DecisionRecord, WorkloadStatus
from controlplane.decisions.pools import refresh_pools
from controlplane.workloads.models import Pool, Workload
from scaler.engine.decide import decide
from scaler.engine.trail import load_decision, load_snapshot
from tests.controlplane.decisions.cloud import Cloud
from tests.controlplane.decisions.conftest import Hint
from tests.controlplane.decisions.looks import push
from tests.factories import make_workload

RUNNING = "service.requests.running"
STEADY: dict[str, Any] = {
    "demand": {"signal": RUNNING},
    "policies": [{"kind": "target", "signal": RUNNING, "per_replica": 8}],
    "guardrails": {
        "tolerance": "0%",
        "scale_down_stabilization": "0s",
        "cooldown": "0s",
        "cooldown_down": "0s",
        "max_step_up": 40,
        "max_step_down": 40,
    },
}
SECOND = timedelta(seconds=1)
MOST_QUERIES = 20


@pytest.fixture
def plain(team_a: Team, noon: datetime, cloud: Cloud) -> Workload:
    """Eight running requests are one replica, and nothing slows that down."""
    row = make_workload(team_a, now=noon, **STEADY)
    refresh_pools(row.pools.select_related("workload"), now=noon)
    return Workload.objects.prefetch_related("pools").get(pk=row.pk)


def look(workload: Workload, *, now: datetime, cause: str = "beat") -> DecisionRecord | None:
    """As a task does it: rows read anew, the size read just now."""
    refresh_pools(Pool.objects.filter(workload=workload).select_related("workload"), now=now)
    return cycle.run(Workload.objects.get(pk=workload.pk), cause=cause, now=now)


def test_a_breach_becomes_a_decision_an_order_and_a_hint(
    plain: Workload, noon: datetime, hints: list[Hint], django_capture_on_commit_callbacks: Any
) -> None:
    push(plain, RUNNING, [72], until=noon)
    with django_capture_on_commit_callbacks(execute=True):
        row = look(plain, now=noon)

    assert row is not None
    assert (row.current, row.desired, row.held, row.cause) == (5, 9, False, "beat")
    order = ActuationRecord.objects.get(decision=row)
    assert (order.before, order.desired, order.state) == (5, 9, "approved")
    assert ("execute", order.pk) in hints


def test_what_is_stored_is_enough_to_decide_again(plain: Workload, noon: datetime) -> None:
    push(plain, RUNNING, [72], until=noon)
    row = look(plain, now=noon)
    assert row is not None
    stored = DecisionRecord.objects.get(pk=row.pk)
    snapshot = load_snapshot(stored.snapshot)

    assert decide(snapshot, now=stored.at) == load_decision(stored.trail)
    assert stored.revision == plain.revision


def test_the_same_tick_twice_decides_once(plain: Workload, noon: datetime) -> None:
    push(plain, RUNNING, [72], until=noon)
    first, second = look(plain, now=noon), look(plain, now=noon)

    assert first is not None
    assert second is None
    assert DecisionRecord.objects.count() == ActuationRecord.objects.count() == 1


def test_two_workers_at_the_same_instant_decide_once(
    plain: Workload, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(plain, RUNNING, [72], until=noon)
    look(plain, now=noon)
    WorkloadStatus.objects.update(at=noon - 5 * SECOND)  # as the slower worker read it
    before = list(WorkloadStatus.objects.values())
    second = look(plain, now=noon)

    assert second is None
    assert DecisionRecord.objects.count() == ActuationRecord.objects.count() == 1
    assert list(WorkloadStatus.objects.values()) == before


def test_a_look_right_after_another_is_left_out(plain: Workload, noon: datetime) -> None:
    push(plain, RUNNING, [40], until=noon)
    look(plain, now=noon)
    soon = look(plain, now=noon + 0.4 * SECOND)
    later = look(plain, now=noon + 0.5 * SECOND)

    assert soon is None
    assert later is not None


def test_samples_that_came_too_soon_are_looked_at_half_a_second_later(
    plain: Workload, noon: datetime, hints: list[Hint]
) -> None:
    look(plain, now=noon)
    look(plain, now=noon + 0.3 * SECOND, cause="samples")

    assert hints == [("evaluate", plain.pk)]


def test_an_older_look_does_not_overrule_a_newer_one(
    plain: Workload, noon: datetime, hints: list[Hint]
) -> None:
    push(plain, RUNNING, [72], until=noon)
    look(plain, now=noon + 4 * SECOND, cause="samples")
    hints.clear()
    late = look(plain, now=noon, cause="samples")

    assert late is None
    assert hints == []


def test_a_look_from_a_clock_far_ahead_does_not_stop_the_loop(
    plain: Workload, noon: datetime
) -> None:
    push(plain, RUNNING, [40], until=noon)
    look(plain, now=noon)
    WorkloadStatus.objects.update(at=noon + timedelta(minutes=10))

    assert look(plain, now=noon + SECOND) is not None


def test_a_person_gets_a_decision_whenever_they_ask(plain: Workload, noon: datetime) -> None:
    look(plain, now=noon)
    asked = services.evaluate_now(plain, now=noon + 0.1 * SECOND)

    assert asked is not None
    assert asked.cause == "person"


def test_samples_that_only_confirm_are_not_stored_again(plain: Workload, noon: datetime) -> None:
    push(plain, RUNNING, [40], until=noon)
    look(plain, now=noon)
    for second in (1, 2, 3):
        assert look(plain, now=noon + second * SECOND, cause="samples") is None

    assert DecisionRecord.objects.count() == 1
    assert WorkloadStatus.objects.get().at == noon + 3 * SECOND


def test_what_is_confirmed_for_the_time_of_a_beat_is_stored_once_more(
    plain: Workload, noon: datetime
) -> None:
    push(plain, RUNNING, [40], until=noon)
    for second in range(25):
        look(plain, now=noon + second * SECOND, cause="samples")

    times = DecisionRecord.objects.order_by("at").values_list("at", flat=True)
    assert [(at - noon).total_seconds() for at in times] == [0, 10, 20]


def test_samples_that_change_the_wish_are_stored_though_the_size_holds(
    plain: Workload, noon: datetime
) -> None:
    Workload.objects.filter(pk=plain.pk).update(paused_by="user:ann")
    push(plain, RUNNING, [40], until=noon)
    look(plain, now=noon)
    push(plain, RUNNING, [72], until=noon + 2 * SECOND)
    row = look(plain, now=noon + 2 * SECOND, cause="samples")

    assert row is not None
    assert (row.wanted, row.desired, row.held) == (9, 5, True)


@pytest.mark.parametrize("mode", ["off", "recommend"])
def test_only_auto_mode_ever_orders(
    team_a: Team, cloud: Cloud, noon: datetime, mode: str, hints: list[Hint]
) -> None:
    row = make_workload(team_a, now=noon, **STEADY, mode=mode)
    push(row, RUNNING, [72], until=noon)
    decision = look(row, now=noon)

    assert not ActuationRecord.objects.exists()
    assert (decision is None) == (mode == "off")
    assert "execute" not in dict(hints)
    assert WorkloadStatus.objects.get().desired == (None if mode == "off" else 9)


def test_without_a_fresh_size_nothing_is_decided(plain: Workload, noon: datetime) -> None:
    late = noon + timedelta(seconds=31)
    push(plain, RUNNING, [72], until=late)
    assert cycle.run(plain, cause="beat", now=late) is None

    assert not DecisionRecord.objects.exists()
    status = WorkloadStatus.objects.get()
    assert (status.ready, status.desired, status.health) == (None, None, "risk")


def test_missing_data_holds_the_current_size(plain: Workload, noon: datetime) -> None:
    row = look(plain, now=noon)

    assert row is not None
    assert (row.desired, row.held) == (5, True)


def test_a_workload_that_fails_is_set_aside_and_the_others_go_on(
    team_a: Team, cloud: Cloud, noon: datetime
) -> None:
    for name in ("bad", "chat-7b"):
        cloud.sizes[name] = 5
        make_workload(team_a, now=noon, name=name, **STEADY)
    refresh_pools(Pool.objects.select_related("workload"), now=noon)
    broken = Workload.objects.get(name="bad")
    broken.document["spec"]["pools"] = []
    broken.save()
    failed = cycle.run_all(now=noon)

    assert failed == 1
    assert [row.workload.name for row in DecisionRecord.objects.all()] == ["chat-7b"]
    assert Heartbeat.objects.get(loop="cycle").detail == "1 failed, 0 left"


def test_a_failure_while_recording_leaves_nothing_half_written(
    plain: Workload, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(plain, RUNNING, [72], until=noon)

    def fail(*_args: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("controlplane.decisions.status.write", fail)
    with pytest.raises(RuntimeError):
        cycle.run(plain, cause="beat", now=noon)

    assert not DecisionRecord.objects.exists()
    assert not ActuationRecord.objects.exists()


def test_a_tick_out_of_time_leaves_the_rest_to_the_next_which_begins_with_them(
    team_a: Team, cloud: Cloud, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        cloud.sizes[name] = 5
        make_workload(team_a, now=noon, name=name, **STEADY)
    refresh_pools(Pool.objects.select_related("workload"), now=noon)
    passed = iter([0.0, 0.0, 41.0, 0.0, 0.0, 41.0])
    monkeypatch.setattr(cycle, "monotonic", lambda: next(passed))
    cycle.run_all(now=noon)
    cycle.run_all(now=noon + 10 * SECOND)

    looked = DecisionRecord.objects.order_by("at").values_list("workload__name", flat=True)
    assert list(looked) == ["one", "two"]


def many_pools(name: str, number: int) -> list[dict[str, Any]]:
    first = {"name": "first", "target": {"kind": "simulated", "name": name}}
    more = [
        {"name": f"p{n}", "target": {"kind": "simulated", "name": f"{name}-{n}"}}
        for n in range(1, number)
    ]
    return [{**pool, "replicas": {"min": 1, "max": 10}} for pool in (first, *more)]


def test_a_look_costs_the_same_number_of_queries_however_many_pools_there_are(
    team_a: Team, cloud: Cloud, noon: datetime
) -> None:
    counts = []
    for name, number in (("narrow", 1), ("wide", 4)):
        pools = many_pools(name, number)
        row = make_workload(team_a, now=noon, name=name, **STEADY, pools=pools)
        cloud.sizes.update({pool["target"]["name"]: 2 for pool in pools})
        push(row, RUNNING, [1000], until=noon)
        refresh_pools(row.pools.select_related("workload"), now=noon)
        row = Workload.objects.prefetch_related("pools").get(pk=row.pk)
        with CaptureQueriesContext(connection) as queries:
            decision = cycle.run(row, cause="beat", now=noon)
        assert decision is not None
        assert decision.actuations.count() == number
        counts.append(len(queries))

    assert counts[0] == counts[1] <= MOST_QUERIES


def test_a_tick_looks_for_the_teams_series_once_however_many_workloads_there_are(
    team_a: Team, cloud: Cloud, noon: datetime
) -> None:
    counts, searches = [], []
    for number in (1, 4):
        for each in range(number):
            cloud.sizes[f"w{each}"] = 5
            make_workload(team_a, now=noon, name=f"w{each}", **STEADY)
        now = noon + number * timedelta(minutes=1)
        refresh_pools(Pool.objects.select_related("workload"), now=now)
        with CaptureQueriesContext(connection) as queries:
            cycle.run_all(now=now)
        counts.append(len(queries))
        searches.append(sum('FROM "metrics_seriesrow"' in each["sql"] for each in queries))

    assert searches[0] == searches[1]
    assert counts[1] - counts[0] <= 3 * MOST_QUERIES


def test_what_arrives_between_two_ticks_is_seen_by_the_second(
    plain: Workload, noon: datetime
) -> None:
    cycle.run_all(now=noon)
    later = noon + 10 * SECOND
    push(plain, RUNNING, [72], until=later)
    refresh_pools(Pool.objects.select_related("workload"), now=later)
    cycle.run_all(now=later)

    assert DecisionRecord.objects.order_by("at").last().desired == 9  # type: ignore[union-attr]
