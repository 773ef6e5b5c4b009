"""Whatever is wanted, the size gets there in steps of bounded size per time."""

from datetime import datetime, timedelta

import pytest

from scaler.engine.settings import Guards
from scaler.engine.snapshot import Change, Memory
from scaler.guardrails.rate import guard
from tests.scaler.looks import NOON, ago, look
from tests.scaler.verdicts import last, passed, wanted


@pytest.mark.parametrize(
    ("current", "size", "to", "reason"),
    [
        pytest.param(10, 20, 20, "rate.ok", id="doubling is allowed"),
        pytest.param(10, 21, 20, "rate.up", id="more is not"),
        pytest.param(1, 9, 5, "rate.up", id="a small fleet may add four"),
        pytest.param(0, 9, 4, "rate.up", id="also from nothing"),
        pytest.param(40, 36, 36, "rate.ok", id="a tenth may go"),
        pytest.param(40, 1, 36, "rate.down", id="more may not"),
        pytest.param(5, 1, 4, "rate.down", id="a small fleet may lose one"),
        pytest.param(19, 1, 18, "rate.down", id="a tenth is rounded down"),
        pytest.param(1, 0, 0, "rate.ok", id="the last one may go"),
        pytest.param(10, 10, 10, "rate.ok", id="no change"),
    ],
)
def test_up_by_a_hundred_per_cent_or_four_and_down_by_a_tenth_or_one(
    current: int, size: int, to: int, reason: str
) -> None:
    decision = passed(guard, wanted(size, current), look())

    assert (decision.desired, last(decision).reason) == (to, reason)


@pytest.mark.parametrize(
    ("current", "size", "changes", "to", "reason"),
    [
        pytest.param(20, 40, [(30, 10)], 20, "rate.up_spent", id="doubled 30 s ago: no more"),
        pytest.param(15, 40, [(30, 5)], 20, "rate.up_spent", id="half of it is left"),
        pytest.param(20, 40, [(60, 10)], 40, "rate.ok", id="60 s later it may double again"),
        pytest.param(20, 40, [(50, 5), (10, 5)], 20, "rate.up_spent", id="small steps add up"),
        pytest.param(20, 40, [(30, -5)], 40, "rate.ok", id="a release does not count as added"),
        pytest.param(4, 40, [(30, 10)], 4, "rate.up_spent", id="what was added may have failed"),
        pytest.param(36, 1, [(60, -4)], 36, "rate.down_spent", id="a tenth of forty is gone"),
        pytest.param(38, 1, [(60, -2)], 36, "rate.down_spent", id="half of it is left to go"),
        pytest.param(36, 1, [(120, -4)], 33, "rate.down", id="120 s later a tenth again"),
        pytest.param(
            44, 1, [(60, 4)], 40, "rate.down", id="an addition does not count as released"
        ),
        pytest.param(10, 60, [(30, -30)], 50, "rate.up", id="back to the size before, and as much"),
        pytest.param(5, 1, [(60, -1)], 5, "rate.down_spent", id="one may go in two minutes"),
    ],
)
def test_what_was_ordered_within_the_time_counts(
    current: int, size: int, changes: list[tuple[int, int]], to: int, reason: str
) -> None:
    memory = Memory(changes=tuple(Change(ago(seconds=s), by) for s, by in changes))

    decision = passed(guard, wanted(size, current), look(memory=memory))

    assert (decision.desired, last(decision).reason) == (to, reason)


@pytest.mark.parametrize(
    ("size", "to"),
    [
        pytest.param(30, 13, id="up by the owner's three"),
        pytest.param(1, 8, id="down by the owner's two"),
    ],
)
def test_the_owner_may_set_the_steps(size: int, to: int) -> None:
    decision = passed(guard, wanted(size), look(guards=Guards(max_step_up=3, max_step_down=2)))

    assert decision.desired == to


def test_the_owners_step_is_for_the_same_time_and_not_for_each_decision() -> None:
    memory = Memory(changes=(Change(ago(seconds=59), 2),))

    decision = passed(guard, wanted(30), look(guards=Guards(max_step_up=3), memory=memory))

    assert decision.desired == 11
    assert last(decision).facts == (("step", 3), ("done", 2), ("period_s", 60.0))


def play(size: int, goal: int, seconds: int) -> list[int]:
    """Decide every second, each order taking effect at once; the size after every second."""
    changes: list[Change] = []
    sizes = []
    for second in range(seconds):
        now: datetime = NOON + timedelta(seconds=second)
        snapshot = look(at=now, memory=Memory(changes=tuple(changes)))
        decision = guard(wanted(goal, size), snapshot, now)
        if decision.change:
            changes.append(Change(now, decision.change))
        size = decision.desired
        sizes.append(size)
    return sizes


def test_deciding_every_second_doubles_once_a_minute() -> None:
    sizes = play(10, 1000, 181)

    assert [sizes[at] for at in (0, 59, 60, 119, 120, 180)] == [20, 20, 40, 40, 80, 160]


def test_deciding_every_second_releases_a_tenth_in_two_minutes() -> None:
    sizes = play(100, 1, 361)

    assert [sizes[at] for at in (0, 119, 120, 239, 240, 360)] == [90, 90, 81, 81, 73, 66]
