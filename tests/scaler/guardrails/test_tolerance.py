"""A change within the noise is none."""

import pytest

from scaler.engine.decision import Decision
from scaler.engine.settings import Guards
from scaler.guardrails.tolerance import guard
from scaler.policies.recommendation import Recommendation, Voice
from tests.scaler.looks import NOON, look
from tests.scaler.verdicts import last, passed, wanted


@pytest.mark.parametrize(
    ("size", "current", "to", "reason"),
    [
        pytest.param(11, 10, 10, "tolerance.noise", id="up by exactly a tenth"),
        pytest.param(12, 10, 12, "tolerance.ok", id="up by more"),
        pytest.param(9, 10, 10, "tolerance.noise", id="down by exactly a tenth"),
        pytest.param(8, 10, 8, "tolerance.ok", id="down by more"),
        pytest.param(10, 10, 10, "tolerance.ok", id="no change"),
        pytest.param(2, 1, 2, "tolerance.ok", id="for a fleet of one, one is not noise"),
        pytest.param(1, 0, 1, "tolerance.ok", id="nor for a fleet of none"),
    ],
)
def test_a_tenth_of_the_size_is_noise(size: int, current: int, to: int, reason: str) -> None:
    decision = passed(guard, wanted(size, current), look())

    assert (decision.desired, last(decision).reason) == (to, reason)


def test_an_owner_may_tolerate_nothing() -> None:
    decision = passed(guard, wanted(11), look(guards=Guards(tolerance=0.0)))

    assert decision.desired == 11


def add(size: int) -> Recommendation:
    return Recommendation("threshold", size, "threshold.above", voice=Voice.ASK)


@pytest.mark.parametrize(
    ("asked", "winner", "to"),
    [
        pytest.param((add(41),), 41, 41, id="add 1 to 40 means 41"),
        pytest.param(
            (add(41), Recommendation("target", 43, "x")), 43, 41, id="and keeps meaning it"
        ),
        pytest.param((add(40), Recommendation("target", 43, "x")), 43, 40, id="waiting means 40"),
    ],
)
def test_what_a_threshold_adds_is_never_noise(
    asked: tuple[Recommendation, ...], winner: int, to: int
) -> None:
    by = "threshold" if len(asked) == 1 else "target"

    decision = passed(guard, wanted(winner, 40, by=by, wishes=asked), look())

    assert decision.desired == to


REMOVE = Recommendation("threshold", 38, "threshold.below", voice=Voice.RELEASE)
IDLE = Recommendation("idle", 39, "idle.release", voice=Voice.RELEASE)
ASK = Recommendation("target", 39, "target.per_replica")


@pytest.mark.parametrize(
    ("wishes", "size", "to"),
    [
        pytest.param((REMOVE,), 38, 38, id="remove 2 of 40 means 38"),
        pytest.param((REMOVE, IDLE), 39, 39, id="as far as idle agrees"),
        pytest.param((IDLE,), 39, 40, id="idle alone has noise"),
        pytest.param((REMOVE, ASK), 39, 40, id="nobody listens while somebody asks"),
    ],
)
def test_what_a_threshold_removes_is_never_noise(
    wishes: tuple[Recommendation, ...], size: int, to: int
) -> None:
    decision = passed(guard, wanted(size, 40, wishes=wishes), look())

    assert decision.desired == to


def test_a_decision_that_nobody_combined_is_noise_when_it_is_small() -> None:
    small = Decision("chat-7b", NOON, 40, 39, 39)

    assert guard(small, look(), NOON).desired == 40
