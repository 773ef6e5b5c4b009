"""A dip is not a trend: the highest wish of the window is a floor."""

from datetime import timedelta

import pytest

from scaler.engine.settings import Guards
from scaler.engine.snapshot import Memory, Past
from scaler.guardrails.stabilization import guard
from tests.scaler.looks import NOON, ago, look, remembered
from tests.scaler.verdicts import last, passed, wanted

MINUTE = timedelta(minutes=1)


def wishes(*sizes: int, every: timedelta = MINUTE) -> Memory:
    """One wish after another, the last one `every` before noon."""
    count = len(sizes)
    past = (Past(NOON - every * (count - i), size) for i, size in enumerate(sizes))
    return Memory(tuple(past), every=every)


@pytest.mark.parametrize(
    ("size", "memory", "to", "reason"),
    [
        pytest.param(4, wishes(4, 4, 4, 4, 4, 4), 4, "stabilization.ok", id="five calm minutes"),
        pytest.param(
            4, wishes(4, 4, 8, 4, 4, 4), 8, "stabilization.recent", id="more was wanted meanwhile"
        ),
        pytest.param(
            4, wishes(4, 30, 4, 4, 4, 4), 10, "stabilization.recent", id="never above the size"
        ),
        pytest.param(4, wishes(30, 4, 4, 4, 4, 4), 4, "stabilization.ok", id="that is forgotten"),
        pytest.param(6, wishes(4, 4, 4, 4, 4, 4), 6, "stabilization.ok", id="less was wanted"),
        pytest.param(12, Memory(), 12, "stabilization.ok", id="additions do not wait"),
        pytest.param(10, Memory(), 10, "stabilization.ok", id="nor does holding"),
    ],
)
def test_the_highest_wish_of_five_minutes_is_a_floor_for_releases(
    size: int, memory: Memory, to: int, reason: str
) -> None:
    decision = passed(guard, wanted(size), look(memory=memory))

    assert (decision.desired, last(decision).reason) == (to, reason)


@pytest.mark.parametrize(
    "memory",
    [
        pytest.param(Memory(), id="nothing is remembered"),
        pytest.param(wishes(4, 4, 4), id="a workload that is three minutes old"),
        pytest.param(remembered(4, minutes=4.5), id="not quite the window"),
        pytest.param(
            Memory(remembered(4).wanted[:-8], every=timedelta(seconds=15)),
            id="we were down until now",
        ),
        pytest.param(
            Memory(
                (*remembered(4).wanted[:8], *remembered(4).wanted[-8:]), every=timedelta(seconds=15)
            ),
            id="we were down in between",
        ),
    ],
)
def test_time_that_nobody_remembers_counts_as_having_wanted_the_current_size(
    memory: Memory,
) -> None:
    decision = passed(guard, wanted(4), look(memory=memory))

    assert (decision.desired, last(decision).reason) == (10, "stabilization.unknown")
    assert last(decision).facts == (("window_s", 300.0),)


@pytest.mark.parametrize(
    "memory",
    [
        pytest.param(wishes(4, 4, 4, 4, 4), id="every minute"),
        pytest.param(wishes(4, 4, every=timedelta(minutes=5)), id="every five minutes"),
        pytest.param(remembered(4, every=1), id="every second"),
        pytest.param(remembered(4, minutes=4.75), id="one interval less than the window"),
        pytest.param(
            Memory(remembered(4).wanted[:-5], every=timedelta(seconds=15)), id="90 s of silence"
        ),
    ],
)
def test_a_memory_is_whole_whatever_the_pace_of_deciding(memory: Memory) -> None:
    decision = passed(guard, wanted(4), look(memory=memory))

    assert decision.desired == 4


@pytest.mark.parametrize(
    ("window", "to"),
    [
        pytest.param(timedelta(0), 4, id="switched off"),
        pytest.param(timedelta(seconds=30), 4, id="shorter than the pace of deciding"),
        pytest.param(timedelta(minutes=10), 10, id="longer than the memory"),
    ],
)
def test_the_owner_sets_the_window(window: timedelta, to: int) -> None:
    guards = Guards(scale_down_stabilization=window)

    decision = passed(guard, wanted(4), look(guards=guards, memory=wishes(*[4] * 6)))

    assert decision.desired == to


def test_a_wish_at_the_edge_of_the_window_still_counts() -> None:
    memory = Memory((Past(ago(minutes=6), 4), Past(ago(minutes=5), 9), *wishes(4, 4, 4, 4).wanted))

    decision = passed(guard, wanted(4), look(memory=memory))

    assert decision.desired == 9
    assert last(decision).facts == (("window_s", 300.0), ("floor", 9))
