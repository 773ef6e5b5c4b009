"""What a lost hint, a dead worker or a lost answer left behind is finished by reading.

lost hint           approved  ──► carried out
dead worker         executing ──► (after the call limit) read ──► applied │ sent again
lost answer         unknown   ──► read ──► applied │ sent again │ superseded
nobody looks again  applied   ──► all ready: verified │ deadline: failed
"""

from datetime import datetime, timedelta

import pytest

from controlplane.common.models import Heartbeat
from controlplane.decisions.actuate import execute
from controlplane.decisions.models import FINAL, ActuationRecord, ActuationState
from controlplane.decisions.reconcile import CALL_LIMIT, VERIFY_LIMIT, reconcile
from controlplane.workloads import services
from controlplane.workloads.models import Workload
from scaler.errors import NoCapacity, Transient
from tests.controlplane.decisions.cloud import Cloud, Killed
from tests.controlplane.decisions.looks import decided, ordered
from tests.factories import make_workload

State = ActuationState
SECOND = timedelta(seconds=1)


def again(row: ActuationRecord) -> ActuationRecord:
    return ActuationRecord.objects.get(pk=row.pk)


def put(row: ActuationRecord, state: ActuationState, **columns: object) -> None:
    ActuationRecord.objects.filter(pk=row.pk).update(state=state, **columns)


def test_an_order_whose_hint_was_lost_is_carried_out(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    reconcile(now=noon + 5 * SECOND)

    assert again(row).state in {State.APPLIED, State.VERIFIED}
    assert cloud.calls == [("chat-7b", 9, row.key)]


def test_every_pool_is_read_and_the_pass_leaves_a_heartbeat(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    cloud.sizes["chat-7b"] = 6
    later = noon + 5 * SECOND
    reconcile(now=later)

    pool = chat.pools.get()
    assert (pool.ready, pool.observed_at) == (6, later)
    assert Heartbeat.objects.get(loop="reconcile").at == later


def test_a_row_that_just_started_is_left_to_its_worker(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    put(row, State.EXECUTING, claimed_at=noon)
    reconcile(now=noon + CALL_LIMIT - SECOND)

    assert (again(row).state, cloud.orders) == (State.EXECUTING, 0)


@pytest.mark.parametrize("arrived", [True, False])
def test_the_row_of_a_dead_worker_is_settled_after_the_call_limit(
    chat: Workload, cloud: Cloud, noon: datetime, arrived: bool
) -> None:
    row = ordered(chat, 9, now=noon)
    if arrived:
        cloud.lose_answer = Killed()
    else:
        cloud.refuse = Killed()
    with pytest.raises(Killed):
        execute(row.pk, now=noon)
    reconcile(now=noon + CALL_LIMIT + SECOND)

    assert again(row).state in {State.APPLIED, State.VERIFIED}
    assert cloud.calls == [("chat-7b", 9, row.key)]


@pytest.mark.parametrize("arrived", [True, False])
def test_a_lost_answer_is_settled_by_reading_and_the_order_takes_effect_once(
    chat: Workload, cloud: Cloud, noon: datetime, arrived: bool
) -> None:
    row = ordered(chat, 9, now=noon)
    if arrived:
        cloud.lose_answer = Transient("timed out")
    else:
        cloud.refuse = Transient("reset")
    execute(row.pk, now=noon)
    assert again(row).state == State.UNKNOWN
    reconcile(now=noon + 5 * SECOND)

    settled = again(row)
    assert settled.state in {State.APPLIED, State.VERIFIED}
    assert settled.applied_at == noon + 5 * SECOND
    assert settled.detail == ""
    assert cloud.calls == [("chat-7b", 9, row.key)]


def test_an_unknown_outcome_stays_unknown_while_the_provider_cannot_be_read(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    put(row, State.UNKNOWN, claimed_at=noon)
    cloud.read_error = Transient("throttled")
    reconcile(now=noon + 60 * SECOND)
    assert again(row).state == State.UNKNOWN

    cloud.read_error = None
    reconcile(now=noon + 65 * SECOND)
    assert again(row).state in {State.APPLIED, State.VERIFIED}


def test_a_definite_no_to_the_repeated_order_is_a_failure(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    put(row, State.UNKNOWN, claimed_at=noon)
    cloud.refuse = NoCapacity("sold out")
    reconcile(now=noon + 5 * SECOND)

    assert (again(row).state, again(row).detail) == (State.FAILED, "sold out")


def pause(chat: Workload, now: datetime) -> None:
    services.set_paused(chat, paused=True, actor="user:ann", now=now)


def decide_anew(chat: Workload, now: datetime) -> None:
    decided(chat, 12, now=now)


def change_mode(chat: Workload, now: datetime) -> None:
    services.set_mode(chat, "recommend", actor="user:ann", now=now)


@pytest.mark.parametrize("obstacle", [pause, decide_anew, change_mode])
def test_an_order_that_may_not_be_given_any_more_is_not_sent_again(
    chat: Workload, cloud: Cloud, noon: datetime, obstacle: object
) -> None:
    row = ordered(chat, 9, now=noon)
    put(row, State.UNKNOWN, claimed_at=noon)
    obstacle(chat, noon + SECOND)  # type: ignore[operator]
    reconcile(now=noon + 5 * SECOND)
    assert (again(row).state, cloud.orders) == (State.UNKNOWN, 0)  # the call may still arrive

    reconcile(now=noon + CALL_LIMIT)
    assert again(row).state == State.SUPERSEDED
    assert all(key != row.key for _name, _size, key in cloud.calls)


def test_an_order_that_did_arrive_is_applied_though_a_newer_one_waits(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    put(row, State.UNKNOWN, claimed_at=noon)
    cloud.sizes["chat-7b"] = 9
    decided(chat, 12, now=noon + SECOND)
    reconcile(now=noon + 2 * SECOND)

    assert again(row).applied_at == noon + 2 * SECOND


def test_a_size_that_is_neither_old_nor_new_ends_the_unknown(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    put(row, State.UNKNOWN, claimed_at=noon)
    cloud.sizes["chat-7b"] = 7
    reconcile(now=noon + CALL_LIMIT)

    assert again(row).state == State.SUPERSEDED
    assert again(row).detail == "The size is 7, neither 5 nor 9."
    assert cloud.orders == 0


def test_an_unknown_order_that_is_too_old_is_not_sent_again(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    put(row, State.UNKNOWN, claimed_at=noon)
    reconcile(now=noon + timedelta(seconds=120))

    assert (again(row).state, cloud.orders) == (State.SUPERSEDED, 0)


def test_an_applied_order_is_verified_when_every_replica_is_ready(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    execute(row.pk, now=noon)
    reconcile(now=noon + 5 * SECOND)

    verified = again(row)
    assert (verified.state, verified.finished_at) == (State.VERIFIED, noon + 5 * SECOND)


def test_replicas_that_never_become_ready_are_a_failure_after_the_deadline(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    put(row, State.APPLIED, applied_at=noon)
    cloud.starting["chat-7b"] = 4
    reconcile(now=noon + VERIFY_LIMIT)
    assert again(row).state == State.APPLIED

    reconcile(now=noon + VERIFY_LIMIT + SECOND)
    failed = again(row)
    assert (failed.state, failed.detail) == (State.FAILED, "Only 5 of 9 became ready.")


def test_a_size_that_another_hand_changed_ends_the_order_once_reads_cannot_lag(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    put(row, State.APPLIED, applied_at=noon)
    cloud.sizes["chat-7b"] = 2
    reconcile(now=noon + 59 * SECOND)
    assert again(row).state == State.APPLIED

    reconcile(now=noon + 60 * SECOND)
    assert again(row).state == State.SUPERSEDED
    assert again(row).detail == "Somebody else made the size 2."


def test_a_newer_order_takes_over_from_one_that_was_still_starting(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    first = ordered(chat, 9, now=noon)
    put(first, State.APPLIED, applied_at=noon)
    second = decided(chat, 12, now=noon + SECOND)[1][0]
    put(second, State.APPLIED, applied_at=noon + SECOND)
    cloud.sizes["chat-7b"] = 12
    reconcile(now=noon + 2 * SECOND)

    assert again(first).state == State.SUPERSEDED
    assert again(second).state == State.VERIFIED


def test_a_pool_that_cannot_be_read_verifies_nothing(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    put(row, State.APPLIED, applied_at=noon)
    chat.pools.update(ready=9)
    cloud.read_error = Transient("throttled")
    reconcile(now=noon + 5 * SECOND)

    assert again(row).state == State.APPLIED


def test_one_row_that_fails_holds_up_no_other(chat: Workload, cloud: Cloud, noon: datetime) -> None:
    other = make_workload(chat.team, now=noon, name="other")
    cloud.sizes["other"] = 5
    reconcile(now=noon)
    bad, good = ordered(chat, 9, now=noon), ordered(other, 9, now=noon + SECOND)
    cloud.refuse = RuntimeError("a bug in an adapter")
    failed = reconcile(now=noon + 2 * SECOND)

    assert failed == 1
    assert again(bad).state == State.EXECUTING
    assert again(good).state in {State.APPLIED, State.VERIFIED}
    assert Heartbeat.objects.get(loop="reconcile").detail == "1 failed"


def test_every_order_comes_to_an_end_within_three_minutes_of_its_last_trouble(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    cloud.refuse = Killed()
    with pytest.raises(Killed):
        execute(row.pk, now=noon)
    cloud.read_error = Transient("down")
    for tick in range(1, 12):
        reconcile(now=noon + tick * 10 * SECOND)
    cloud.read_error = None
    for tick in range(12, 30):
        reconcile(now=noon + tick * 10 * SECOND)

    assert again(row).state in FINAL
