"""What every place where replicas live must keep: absolute sizes, once per key, honest reads."""

import sqlite3
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from scaler.actuators.base import Actuator, ScaleTarget
from scaler.actuators.simulated import LARGEST, SimulatedCloud
from scaler.engine.snapshot import Replicas
from scaler.errors import ActuationError, NoCapacity, NotFound, Permanent, Transient
from tests.contracts.actuators import LEAD, NOON, PROVIDERS, Provider, SimulatedProvider, at_once


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest, tmp_path: Path) -> Provider:
    return PROVIDERS[request.param](tmp_path)


@pytest.fixture
def chat(provider: Provider) -> ScaleTarget:
    return provider.add("chat-7b", 5)


def size(provider: Provider, target: ScaleTarget, now: datetime = NOON) -> int:
    return provider.actuator.observe(target, now=now).current


def test_it_is_an_actuator(provider: Provider) -> None:
    assert isinstance(provider.actuator, Actuator)


def test_a_read_is_of_this_instant(provider: Provider, chat: ScaleTarget) -> None:
    later = NOON + timedelta(hours=1)

    assert provider.actuator.observe(chat, now=later) == Replicas(5, (), later)


@pytest.mark.parametrize("desired", [0, 3, 5, 8])
def test_an_order_is_an_absolute_size(provider: Provider, chat: ScaleTarget, desired: int) -> None:
    provider.actuator.scale(chat, desired, key="a", now=NOON)

    assert size(provider, chat) == desired


def test_an_order_is_carried_out_once_per_key(provider: Provider, chat: ScaleTarget) -> None:
    provider.actuator.scale(chat, 8, key="a", now=NOON)
    provider.actuator.scale(chat, 2, key="b", now=NOON)
    provider.actuator.scale(chat, 8, key="a", now=NOON)

    assert size(provider, chat) == 2
    assert provider.writes(chat) == [("a", 8), ("b", 2)]


def test_the_same_key_with_another_size_changes_nothing(
    provider: Provider, chat: ScaleTarget
) -> None:
    provider.actuator.scale(chat, 8, key="a", now=NOON)
    provider.actuator.scale(chat, 3, key="a", now=NOON)

    assert size(provider, chat) == 8


def test_replicas_are_ready_a_lead_time_after_the_order(
    provider: Provider, chat: ScaleTarget
) -> None:
    provider.actuator.scale(chat, 7, key="a", now=NOON)
    before = provider.actuator.observe(chat, now=NOON + provider.lead - timedelta(seconds=1))
    ready = provider.actuator.observe(chat, now=NOON + provider.lead)

    assert before.current == 7
    assert all(at == NOON + provider.lead for at in before.pending)
    assert (ready.ready, ready.pending) == (7, ())


def test_an_unknown_target_is_not_found(provider: Provider, chat: ScaleTarget) -> None:
    nobody = ScaleTarget(chat.kind, "nobody")

    with pytest.raises(NotFound):
        provider.actuator.observe(nobody, now=NOON)
    with pytest.raises(NotFound):
        provider.actuator.scale(nobody, 3, key="a", now=NOON)


def test_a_negative_size_is_refused_for_good(provider: Provider, chat: ScaleTarget) -> None:
    with pytest.raises(Permanent):
        provider.actuator.scale(chat, -1, key="a", now=NOON)

    assert size(provider, chat) == 5


def test_more_than_there_is_in_stock_is_refused(provider: Provider) -> None:
    scarce = provider.add("scarce", 5, stock=6)
    with pytest.raises(NoCapacity):
        provider.actuator.scale(scarce, 7, key="a", now=NOON)
    provider.actuator.scale(scarce, 6, key="b", now=NOON)

    assert provider.writes(scarce) == [("b", 6)]


def test_a_shrunken_stock_does_not_stop_a_release(provider: Provider) -> None:
    scarce = provider.add("scarce", 9, stock=6)
    provider.actuator.scale(scarce, 8, key="a", now=NOON)

    assert size(provider, scarce) == 8


def test_an_order_refused_for_want_of_stock_may_be_sent_again(provider: Provider) -> None:
    scarce = provider.add("scarce", 5, stock=6)
    with pytest.raises(NoCapacity):
        provider.actuator.scale(scarce, 7, key="a", now=NOON)
    again = provider.add("scarce", 5, stock=9)
    provider.actuator.scale(again, 7, key="a", now=NOON)

    assert size(provider, again) == 7


@pytest.mark.parametrize(
    ("after", "left", "end"),
    [
        pytest.param(False, 5, 8, id="before it took effect"),
        pytest.param(True, 8, 8, id="after it took effect"),
    ],
)
def test_an_order_whose_answer_was_lost_can_be_settled_by_reading_and_sent_again(
    provider: Provider, chat: ScaleTarget, after: bool, left: int, end: int
) -> None:
    provider.fail(chat, after=after)
    with pytest.raises(Transient):
        provider.actuator.scale(chat, 8, key="a", now=NOON)
    assert size(provider, chat) == left

    provider.mend(chat)
    provider.actuator.scale(chat, 8, key="a", now=NOON)

    assert size(provider, chat) == end
    assert provider.writes(chat) == [("a", 8)]


def test_targets_do_not_mix(provider: Provider, chat: ScaleTarget) -> None:
    other = provider.add("other", 2)
    provider.actuator.scale(chat, 9, key="a", now=NOON)

    assert size(provider, other) == 2


# What only the simulated cloud does.


@pytest.fixture
def simulated(tmp_path: Path) -> SimulatedProvider:
    return SimulatedProvider(tmp_path)


def test_what_would_be_ready_last_is_cancelled_first(simulated: SimulatedProvider) -> None:
    chat = simulated.add("chat-7b", 5)
    later = NOON + timedelta(seconds=30)
    simulated.actuator.scale(chat, 7, key="a", now=NOON)
    simulated.actuator.scale(chat, 9, key="b", now=later)
    simulated.actuator.scale(chat, 6, key="c", now=later)
    read = simulated.actuator.observe(chat, now=later)

    assert (read.ready, read.pending) == (5, (NOON + LEAD,))


def test_a_release_of_ready_replicas_acts_at_once(simulated: SimulatedProvider) -> None:
    chat = simulated.add("chat-7b", 5)
    simulated.actuator.scale(chat, 6, key="a", now=NOON)
    simulated.actuator.scale(chat, 3, key="b", now=NOON)

    assert simulated.actuator.observe(chat, now=NOON) == Replicas(3, (), NOON)


def test_the_cloud_outlives_the_process_that_opened_it(simulated: SimulatedProvider) -> None:
    chat = simulated.add("chat-7b", 5)
    simulated.actuator.scale(chat, 8, key="a", now=NOON)
    reopened = SimulatedCloud(simulated.directory)
    reopened.scale(chat, 2, key="a", now=NOON)

    assert reopened.observe(chat, now=NOON).current == 8


def test_failures_and_lead_times_follow_the_seed(tmp_path: Path) -> None:
    def run(folder: str, seed: int) -> list[str]:
        cloud = SimulatedCloud(tmp_path / folder)
        target = ScaleTarget("simulated", "chat-7b")
        cloud.create(target, ready=1, lead_time=LEAD, failure_rate=0.5, seed=seed)
        told = []
        for number in range(8):
            try:
                cloud.scale(target, number, key=str(number), now=NOON)
            except Transient:
                told.append("failed")
            told.append(str(cloud.observe(target, now=NOON)))
        return told

    assert run("a", 1) == run("b", 1)
    assert run("a", 1) != run("c", 2)


@pytest.mark.parametrize("desired", [LARGEST + 1, 10**18])
def test_an_absurd_size_is_refused_for_good(simulated: SimulatedProvider, desired: int) -> None:
    chat = simulated.add("chat-7b", 5)
    with pytest.raises(Permanent):
        simulated.actuator.scale(chat, desired, key="a", now=NOON)

    assert size(simulated, chat) == 5


def test_a_file_that_cannot_be_used_is_a_cloud_that_does_not_answer(
    simulated: SimulatedProvider,
) -> None:
    chat = simulated.add("chat-7b", 5)
    (simulated.directory / "simulated.sqlite3").write_bytes(b"no database at all" * 999)

    with pytest.raises(Transient):
        simulated.actuator.observe(chat, now=NOON)
    with pytest.raises(Transient):
        simulated.actuator.scale(chat, 6, key="a", now=NOON)


def test_an_instant_may_be_told_in_any_zone(simulated: SimulatedProvider) -> None:
    chat = simulated.add("chat-7b", 5)
    simulated.actuator.scale(chat, 6, key="a", now=NOON)

    assert simulated.actuator.observe(chat, now=NOON).pending[0].tzinfo is UTC


@pytest.mark.system
def test_processes_that_send_the_same_orders_at_once_carry_each_out_once(
    simulated: SimulatedProvider,
) -> None:
    chat = simulated.add("chat-7b", 5)
    orders = [(f"order-{number}", number % 40) for number in range(60)]
    at_once(*[(simulated.directory, orders, 3)] * 4)
    keys = [key for key, _size in simulated.writes(chat)]

    assert sorted(keys) == sorted(key for key, _size in orders)


@pytest.mark.system
def test_processes_that_send_different_orders_at_once_lose_none(
    simulated: SimulatedProvider,
) -> None:
    chat = simulated.add("chat-7b", 5)
    works = [[(f"{name}-{n}", (7 * n) % 40) for n in range(50)] for name in ("a", "b", "c", "d")]
    at_once(*[(simulated.directory, orders, 1) for orders in works])
    journal = simulated.actuator.journal(chat)

    assert len(journal) == 200
    assert all(one[2] == two[1] for one, two in pairwise(journal))
    assert size(simulated, chat) == journal[-1][2]


@pytest.mark.system
def test_processes_may_open_a_cloud_that_does_not_exist_yet_at_once(tmp_path: Path) -> None:
    at_once(*[(tmp_path / "new", [], 0)] * 4)

    with sqlite3.connect(tmp_path / "new" / "simulated.sqlite3") as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_every_error_says_whether_asking_again_may_help() -> None:
    assert {error: error.permanent for error in (Transient, Permanent, NotFound, NoCapacity)} == {
        Transient: False,
        Permanent: True,
        NotFound: True,
        NoCapacity: True,
    }
    assert issubclass(NoCapacity, ActuationError)
