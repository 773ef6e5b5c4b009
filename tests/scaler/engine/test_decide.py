"""The whole engine: when it may decide, in what order, and what it leaves behind."""

from dataclasses import FrozenInstanceError
from datetime import timedelta

import pytest

from scaler.engine.decide import decide
from scaler.engine.decision import Decision, Stage
from scaler.engine.settings import TargetParams
from scaler.engine.snapshot import (
    Change,
    Memory,
    Mode,
    Observation,
    Override,
    Past,
    Replicas,
)
from scaler.errors import NoDecision
from tests.scaler.looks import NOON, RUNNING, ago, look, remembered, seen

TARGET = TargetParams(RUNNING, per_replica=8)


def test_every_guardrail_is_asked_in_its_order() -> None:
    decision = decide(look(TARGET, seen=(seen(RUNNING, 80),)), now=NOON)

    assert [step.name for step in decision.steps] == [
        "combine",
        "freshness",
        "tolerance",
        "stabilization",
        "rate",
        "cooldown",
        "bounds",
        "override",
    ]


def test_an_addition_passes_and_says_so() -> None:
    decision = decide(look(TARGET, seen=(seen(RUNNING, 120),)), now=NOON)

    assert (decision.current, decision.desired, decision.change) == (10, 15, 5)
    assert decision.binding is None


def test_the_last_guardrail_that_moved_the_number_is_the_binding_one() -> None:
    decision = decide(look(TARGET, seen=(seen(RUNNING, 800),), bounds=(1, 15)), now=NOON)

    assert (decision.wanted, decision.desired) == (100, 15)
    assert decision.binding is not None
    assert decision.binding.name == "bounds"


@pytest.mark.parametrize("mode", [Mode.RECOMMEND, Mode.APPROVE, Mode.AUTO])
def test_the_mode_does_not_change_what_is_decided(mode: Mode) -> None:
    snapshot = look(TARGET, seen=(seen(RUNNING, 120),), mode=mode)

    assert decide(snapshot, now=NOON).desired == 15


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"mode": Mode.OFF}, "mode.off", id="switched off"),
        pytest.param({"replicas": None}, "size.unknown", id="the size could not be read"),
        pytest.param(
            {"replicas": Replicas(10, (), ago(seconds=31))}, "size.stale", id="it was read long ago"
        ),
    ],
)
def test_whoever_does_not_know_the_size_does_not_change_it(
    changes: dict[str, object], code: str
) -> None:
    with pytest.raises(NoDecision) as refusal:
        decide(look(TARGET, seen=(seen(RUNNING, 120),), **changes), now=NOON)

    assert refusal.value.code == code


def test_a_size_read_thirty_seconds_ago_is_known() -> None:
    replicas = Replicas(10, (), ago(seconds=30))

    decision = decide(look(TARGET, seen=(seen(RUNNING, 120),), replicas=replicas), now=NOON)

    assert decision.desired == 15


def test_a_decision_cannot_be_changed() -> None:
    decision = decide(look(), now=NOON)

    with pytest.raises(FrozenInstanceError):
        decision.desired = 3  # type: ignore[misc]


def test_moving_a_decision_leaves_the_old_one_as_it_was() -> None:
    before = Decision("chat-7b", NOON, 4, 4, 4)

    after = before.moved(by="rate", to=6, reason="rate.up", stage=Stage.GUARDRAIL)

    assert (before.desired, before.steps) == (4, ())
    assert (after.desired, after.steps[0].before, after.steps[0].after) == (6, 4, 6)
    assert after.steps[0].moved


def test_a_decision_that_nobody_combined_has_no_first_step() -> None:
    assert Decision("chat-7b", NOON, 4, 4, 4).combined is None


@pytest.mark.parametrize(
    ("running", "override", "desired"),
    [
        pytest.param(8, None, 9, id="below the size, released in steps"),
        pytest.param(8, Override(3, NOON + timedelta(hours=1), "ann"), 3, id="a pin jumps"),
        pytest.param(
            800, Override(None, NOON + timedelta(hours=1), "ann"), 10, id="a freeze holds"
        ),
    ],
)
def test_a_person_is_not_slowed_down(running: int, override: Override, desired: int) -> None:
    snapshot = look(TARGET, seen=(seen(RUNNING, running),), override=override)

    assert decide(snapshot, now=NOON).desired == desired


def test_after_an_outage_it_takes_a_whole_window_of_sight_to_release() -> None:
    blind = decide(look(TARGET, seen=()), now=NOON)
    remembers = remembered(1).wanted[:-1]
    memory = Memory((*remembers, Past(ago(seconds=15), blind.wanted)))

    first = decide(look(TARGET, seen=(seen(RUNNING, 8),), memory=memory), now=NOON)

    assert first.desired == 10


@pytest.mark.parametrize(
    ("ready", "bounds", "found", "desired"),
    [
        pytest.param(2, (5, 20), (seen(RUNNING, 16.0),), 5, id="below the minimum"),
        pytest.param(2, (5, 20), (), 5, id="below the minimum, and blind"),
        pytest.param(30, (1, 20), (seen(RUNNING, 240.0),), 20, id="above the maximum"),
        pytest.param(30, (1, 20), (), 20, id="above the maximum, and blind"),
        pytest.param(30, (1, 20), (seen(RUNNING, 16.0),), 20, id="above it, and less is needed"),
    ],
)
def test_the_owners_limits_wait_for_no_cooldown_no_rate_and_no_data(
    ready: int, bounds: tuple[int, int], found: tuple[Observation, ...], desired: int
) -> None:
    busy = Memory(last_up=NOON, last_down=NOON, changes=(Change(NOON, 40), Change(NOON, -40)))
    snapshot = look(TARGET, seen=found, ready=ready, bounds=bounds, memory=busy)

    assert decide(snapshot, now=NOON).desired == desired
