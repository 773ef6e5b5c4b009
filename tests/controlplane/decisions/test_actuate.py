"""One approved row → at most one order at the provider, whatever happens on the way.

approved ─┬─ refused: superseded, expired
          └─ claimed: executing ─┬─ applied
                                 ├─ failed    (a definite no)
                                 └─ unknown   (no answer; reconcile reads what became of it)
"""

from datetime import datetime, timedelta

import pytest

from controlplane.decisions.actuate import execute
from controlplane.decisions.models import ActuationRecord, ActuationState
from controlplane.metrics.selectors import seen
from controlplane.workloads import services
from controlplane.workloads.models import TeamPause, Workload
from scaler.errors import NoCapacity, Permanent, Transient
from tests.controlplane.decisions.cloud import Cloud, Killed
from tests.controlplane.decisions.conftest import Hint
from tests.controlplane.decisions.looks import decided, ordered

State = ActuationState
SECOND = timedelta(seconds=1)


def again(row: ActuationRecord) -> ActuationRecord:
    return ActuationRecord.objects.get(pk=row.pk)


def test_an_approved_order_is_given_once_and_applied(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    execute(row.pk, now=noon + SECOND)

    assert again(row).state == State.APPLIED
    assert cloud.calls == [("chat-7b", 9, row.key)]


def test_its_effect_is_read_and_becomes_a_sample(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    execute(row.pk, now=noon + SECOND)
    later = noon + 2 * SECOND
    look = seen(
        chat.team_id,
        "infra.replicas.current",
        any_of=({"workload": chat.name},),
        now=later,
        window=timedelta(minutes=1),
    )

    assert chat.pools.get().ready == 9
    assert look.value == 9.0


def test_its_effect_is_looked_at_without_waiting_for_the_beat(
    chat: Workload, noon: datetime, hints: list[Hint]
) -> None:
    execute(ordered(chat, 9, now=noon).pk, now=noon + SECOND)

    assert hints == [("evaluate", chat.pk)]


def test_a_second_hint_for_the_same_order_changes_nothing(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    for _hint in range(3):
        execute(row.pk, now=noon + SECOND)

    assert cloud.orders == 1


def test_a_hint_for_an_order_that_does_not_exist_is_nothing(db: None, noon: datetime) -> None:
    execute(4711, now=noon)


def test_an_order_that_a_newer_one_replaced_is_never_given(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    old = ordered(chat, 9, now=noon)
    ActuationRecord.objects.filter(pk=ordered(chat, 12, now=noon + SECOND).pk).update(
        state=State.APPLIED
    )
    ActuationRecord.objects.filter(pk=old.pk).update(state=State.APPROVED)  # a worker woke up late
    execute(old.pk, now=noon + 2 * SECOND)

    assert again(old).state == State.SUPERSEDED
    assert cloud.orders == 0


def test_an_order_that_waited_too_long_expires(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    execute(row.pk, now=noon + timedelta(seconds=120))

    assert (again(row).state, cloud.orders) == (State.EXPIRED, 0)
    assert again(row).detail == "No worker picked it up in time."


def stop_workload(chat: Workload, now: datetime) -> None:
    services.set_paused(chat, paused=True, actor="user:ann", now=now)


def stop_team(chat: Workload, now: datetime) -> None:
    services.set_team_paused(chat.team, paused=True, actor="user:ann", now=now)


def switch_to_recommend(chat: Workload, now: datetime) -> None:
    services.set_mode(chat, "recommend", actor="user:ann", now=now)


def change_the_document(chat: Workload, now: datetime) -> None:
    Workload.objects.filter(pk=chat.pk).update(revision=chat.revision + 1)


STOPS = [stop_workload, stop_team, switch_to_recommend, change_the_document]


@pytest.mark.parametrize("stop", STOPS)
def test_what_a_person_stopped_after_the_decision_is_not_carried_out(
    chat: Workload, cloud: Cloud, noon: datetime, stop: object
) -> None:
    row = ordered(chat, 9, now=noon)
    stop(chat, noon + SECOND)  # type: ignore[operator]
    execute(row.pk, now=noon + 2 * SECOND)

    assert again(row).state == State.SUPERSEDED
    assert cloud.orders == 0


@pytest.mark.parametrize("stop", STOPS)
def test_what_a_person_stops_while_the_provider_is_read_is_not_carried_out_either(
    chat: Workload, cloud: Cloud, noon: datetime, stop: object
) -> None:
    row = ordered(chat, 9, now=noon)
    cloud.after_read = lambda: stop(chat, noon + SECOND)  # type: ignore[operator]
    execute(row.pk, now=noon + SECOND)

    assert again(row).state == State.APPROVED  # the next look at it says why it ends
    assert cloud.orders == 0
    execute(row.pk, now=noon + 2 * SECOND)
    assert again(row).state == State.SUPERSEDED


def test_a_newer_decision_while_the_provider_is_read_wins(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    cloud.after_read = lambda: decided(chat, 12, now=noon + SECOND)
    execute(row.pk, now=noon + SECOND)

    assert again(row).state == State.SUPERSEDED
    assert cloud.orders == 0


def test_a_size_that_somebody_else_changed_is_respected(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    cloud.sizes["chat-7b"] = 7
    execute(row.pk, now=noon + SECOND)

    assert (again(row).state, again(row).detail) == (State.SUPERSEDED, "The size was 7, not 5.")
    assert cloud.sizes["chat-7b"] == 7


def test_a_failed_read_leaves_the_order_for_the_next_pass(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    cloud.read_error = Transient("throttled")
    execute(row.pk, now=noon + SECOND)
    assert again(row).state == State.APPROVED

    cloud.read_error = None
    execute(row.pk, now=noon + 6 * SECOND)
    assert again(row).state == State.APPLIED


def test_a_read_that_can_never_succeed_ends_the_order(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    cloud.read_error = Permanent("the credential was revoked")
    execute(row.pk, now=noon + SECOND)

    assert (again(row).state, again(row).detail) == (State.FAILED, "the credential was revoked")


def test_a_definite_no_is_a_failure_with_its_reason(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    cloud.refuse = NoCapacity("only 6 replicas are in stock")
    execute(row.pk, now=noon + SECOND)

    failed = again(row)
    assert (failed.state, failed.detail) == (State.FAILED, "only 6 replicas are in stock")
    assert failed.finished_at is not None


def test_no_answer_leaves_the_outcome_unknown_and_is_never_called_done(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    cloud.lose_answer = Transient("timed out")
    execute(row.pk, now=noon + SECOND)

    unknown = again(row)
    assert (unknown.state, unknown.applied_at, unknown.finished_at) == (State.UNKNOWN, None, None)


def test_two_workers_that_both_read_the_row_call_the_provider_once(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    cloud.after_read = lambda: execute(row.pk, now=noon + SECOND)  # the other worker, in between
    execute(row.pk, now=noon + SECOND)

    assert cloud.orders == 1
    assert again(row).state == State.APPLIED


def test_an_order_waits_while_another_of_its_pool_is_running(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    running = ordered(chat, 9, now=noon)
    ActuationRecord.objects.filter(pk=running.pk).update(state=State.EXECUTING)
    waiting = ordered(chat, 12, now=noon + SECOND)
    execute(waiting.pk, now=noon + 2 * SECOND)

    assert again(waiting).state == State.APPROVED
    assert cloud.orders == 0


def test_a_worker_that_dies_before_the_claim_leaves_the_order_to_others(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)

    def die() -> None:
        raise Killed

    cloud.after_read = die
    with pytest.raises(Killed):
        execute(row.pk, now=noon + SECOND)

    assert (again(row).state, cloud.orders) == (State.APPROVED, 0)


@pytest.mark.parametrize("arrived", [True, False])
def test_a_worker_that_dies_in_the_call_leaves_a_row_that_says_so(
    chat: Workload, cloud: Cloud, noon: datetime, arrived: bool
) -> None:
    row = ordered(chat, 9, now=noon)
    if arrived:
        cloud.lose_answer = Killed()
    else:
        cloud.refuse = Killed()
    with pytest.raises(Killed):
        execute(row.pk, now=noon + SECOND)

    assert again(row).state == State.EXECUTING
    execute(row.pk, now=noon + 2 * SECOND)  # a repeated hint must not call again
    assert cloud.orders == 1


def test_an_answer_that_comes_after_the_row_was_settled_changes_nothing(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    row = ordered(chat, 9, now=noon)
    cloud.meanwhile = lambda: ActuationRecord.objects.filter(pk=row.pk).update(
        state=State.SUPERSEDED
    )
    execute(row.pk, now=noon + SECOND)

    assert again(row).state == State.SUPERSEDED


def test_a_team_pause_of_another_team_stops_nobody_here(
    chat: Workload, cloud: Cloud, team_b: object, noon: datetime
) -> None:
    TeamPause.objects.create(team=team_b, by="user:bob", at=noon)  # type: ignore[misc]
    row = ordered(chat, 9, now=noon)
    execute(row.pk, now=noon + SECOND)

    assert again(row).state == State.APPLIED
