"""A decision becomes rows in one transaction: orders only in auto, only what nobody ordered yet."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from controlplane.decisions.models import ActuationRecord, ActuationState, DecisionRecord
from controlplane.decisions.pools import refresh_pools
from controlplane.workloads import services
from controlplane.workloads.models import Pool, Workload
from controlplane.workloads.parse import validate
from tests.controlplane.decisions.cloud import Cloud
from tests.controlplane.decisions.conftest import Hint
from tests.controlplane.decisions.looks import decided, ordered
from tests.factories import chat_document

State = ActuationState
SECOND = timedelta(seconds=1)


def states(chat: Workload) -> list[str]:
    return list(chat.actuations.order_by("generation").values_list("state", flat=True))


def settle(row: ActuationRecord, state: ActuationState, **columns: Any) -> None:
    ActuationRecord.objects.filter(pk=row.pk).update(state=state, **columns)


def test_a_second_decision_for_the_same_instant_is_refused(chat: Workload, noon: datetime) -> None:
    decided(chat, 9, now=noon)

    with pytest.raises(IntegrityError), transaction.atomic():
        decided(chat, 10, now=noon)
    assert DecisionRecord.objects.count() == 1


def test_a_decision_that_holds_the_size_orders_nothing(chat: Workload, noon: datetime) -> None:
    row, orders = decided(chat, 5, now=noon)

    assert row.held
    assert orders == []


@pytest.mark.parametrize("mode", ["off", "recommend"])
def test_other_modes_than_auto_order_nothing(chat: Workload, noon: datetime, mode: str) -> None:
    services.set_mode(chat, mode, actor="user:ann", now=noon)

    assert decided(chat, 9, now=noon)[1] == []


def test_generations_rise_with_every_order_of_a_pool(chat: Workload, noon: datetime) -> None:
    for second, size in enumerate((9, 12, 7)):
        ordered(chat, size, now=noon + second * SECOND)

    generations = chat.actuations.order_by("created_at").values_list("generation", flat=True)
    assert list(generations) == [1, 2, 3]


def test_every_order_has_a_key_of_its_own(chat: Workload, noon: datetime) -> None:
    keys = {ordered(chat, size, now=noon + size * SECOND).key for size in (9, 12, 7)}

    assert len(keys) == 3
    assert {len(key) for key in keys} == {64}


def test_an_order_is_gone_with_its_decision_when_the_transaction_fails(
    chat: Workload, noon: datetime, hints: list[Hint], django_capture_on_commit_callbacks: Any
) -> None:
    def half() -> None:
        with transaction.atomic():
            decided(chat, 9, now=noon)
            raise RuntimeError("the disk is full")

    with django_capture_on_commit_callbacks(execute=True), pytest.raises(RuntimeError):
        half()

    assert not DecisionRecord.objects.exists()
    assert not ActuationRecord.objects.exists()
    assert hints == []


def test_a_newer_wish_supersedes_an_order_that_nobody_carried_out(
    chat: Workload, noon: datetime
) -> None:
    ordered(chat, 9, now=noon)
    ordered(chat, 12, now=noon + SECOND)

    assert states(chat) == ["superseded", "approved"]
    old = chat.actuations.get(generation=1)
    assert (old.finished_at, old.detail) == (
        noon + SECOND,
        "A newer decision wants another size.",
    )


def test_a_decision_to_hold_supersedes_it_too(chat: Workload, noon: datetime) -> None:
    ordered(chat, 9, now=noon)
    decided(chat, 5, now=noon + SECOND)

    assert states(chat) == ["superseded"]


def test_the_same_wish_again_keeps_the_order_that_is_waiting(
    chat: Workload, noon: datetime
) -> None:
    ordered(chat, 9, now=noon)

    assert decided(chat, 9, now=noon + SECOND)[1] == []
    assert states(chat) == ["approved"]


@pytest.mark.parametrize("state", [State.EXECUTING, State.UNKNOWN])
def test_the_same_wish_waits_for_an_order_whose_outcome_is_open(
    chat: Workload, noon: datetime, state: ActuationState
) -> None:
    settle(ordered(chat, 9, now=noon), state)

    assert decided(chat, 9, now=noon + SECOND)[1] == []


@pytest.mark.parametrize("state", [State.APPLIED, State.VERIFIED])
def test_the_same_wish_waits_while_reads_may_lag_behind_an_order(
    chat: Workload, noon: datetime, state: ActuationState
) -> None:
    settle(ordered(chat, 9, now=noon), state, applied_at=noon)
    still = decided(chat, 9, now=noon + 59 * SECOND)[1]
    later = decided(chat, 9, now=noon + 60 * SECOND)[1]

    assert still == []
    assert [row.desired for row in later] == [9]


def test_another_wish_is_ordered_while_the_last_one_is_running(
    chat: Workload, noon: datetime
) -> None:
    settle(ordered(chat, 9, now=noon), State.EXECUTING)
    ordered(chat, 12, now=noon + SECOND)

    assert states(chat) == ["executing", "approved"]


@pytest.mark.parametrize("state", [State.EXPIRED, State.SUPERSEDED])
def test_an_order_that_came_to_nothing_is_given_again(
    chat: Workload, noon: datetime, state: ActuationState
) -> None:
    settle(ordered(chat, 9, now=noon), state, finished_at=noon)

    assert ordered(chat, 9, now=noon + SECOND).generation == 2


@pytest.mark.parametrize(
    ("failed", "wanted", "asked"),
    [(9, 9, False), (9, 12, False), (9, 7, True), (9, 3, True), (3, 3, False), (3, 2, False)],
)
def test_a_refusal_is_not_asked_for_again_but_less_of_it_may_be(
    chat: Workload, noon: datetime, failed: int, wanted: int, asked: bool
) -> None:
    settle(ordered(chat, failed, now=noon), State.FAILED, finished_at=noon)

    assert bool(decided(chat, wanted, now=noon + SECOND)[1]) == asked


def test_a_refusal_is_asked_for_again_after_five_minutes(chat: Workload, noon: datetime) -> None:
    settle(ordered(chat, 9, now=noon), State.FAILED, finished_at=noon)

    assert ordered(chat, 9, now=noon + timedelta(minutes=5)).generation == 2


def test_a_size_is_spread_over_pools_and_only_those_that_change_are_ordered(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    document = chat_document()
    document["spec"]["pools"][0]["replicas"] = {"min": 1, "max": 5}
    document["spec"]["pools"] += [
        {"name": name, "target": {"kind": "simulated", "name": name}} for name in ("mid", "far")
    ]
    document["spec"]["pools"][1]["replicas"] = {"min": 0, "max": 4}
    services.save_document(chat.team, validate(document), actor="t", now=noon)
    cloud.sizes.update(mid=0, far=0)
    refresh_pools(Pool.objects.select_related("workload"), now=noon)
    orders = decided(chat, 12, now=noon)[1]

    assert [(row.pool.name, row.before, row.desired) for row in orders] == [
        ("mid", 0, 4),
        ("far", 0, 3),
    ]


def test_pools_of_two_workloads_have_generations_of_their_own(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    document = chat_document()
    document["metadata"]["name"] = "other"
    document["spec"]["pools"][0]["target"]["name"] = "other"
    other = services.save_document(chat.team, validate(document), actor="t", now=noon).workload
    cloud.sizes["other"] = 1
    refresh_pools(other.pools.select_related("workload"), now=noon)
    first, second = ordered(chat, 9, now=noon), ordered(other, 2, now=noon)

    assert (first.generation, second.generation) == (1, 1)
    assert first.key != second.key
