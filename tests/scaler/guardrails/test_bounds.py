"""The owner's limits hold, whatever was computed."""

import pytest

from scaler.guardrails.bounds import guard
from scaler.policies.recommendation import Recommendation, Voice
from tests.scaler.looks import look
from tests.scaler.verdicts import last, passed, wanted


@pytest.mark.parametrize(
    ("size", "current", "bounds", "to", "reason"),
    [
        pytest.param(5, 10, (1, 20), 5, "bounds.ok", id="inside"),
        pytest.param(1, 10, (1, 20), 1, "bounds.ok", id="at the minimum"),
        pytest.param(20, 10, (1, 20), 20, "bounds.ok", id="at the maximum"),
        pytest.param(0, 10, (1, 20), 1, "bounds.min", id="below the minimum"),
        pytest.param(21, 10, (1, 20), 20, "bounds.max", id="above the maximum"),
        pytest.param(2, 2, (5, 20), 5, "bounds.min", id="a fleet below the minimum is filled up"),
        pytest.param(30, 30, (5, 20), 20, "bounds.max", id="one above the maximum is cut"),
        pytest.param(4, 4, (4, 4), 4, "bounds.ok", id="a fixed size"),
        pytest.param(0, 3, (0, 0), 0, "bounds.ok", id="an owner who allows none"),
        pytest.param(2, 3, (0, 0), 0, "bounds.max", id="and means it"),
    ],
)
def test_no_size_leaves_the_owners_bounds(
    size: int, current: int, bounds: tuple[int, int], to: int, reason: str
) -> None:
    decision = passed(guard, wanted(size, current), look(bounds=bounds))

    assert (decision.desired, last(decision).reason) == (to, reason)


def idle(size: int) -> Recommendation:
    return Recommendation("idle", size, "idle.release", voice=Voice.RELEASE)


@pytest.mark.parametrize(
    ("wishes", "current", "to", "reason"),
    [
        pytest.param((), 3, 1, "bounds.last", id="no idle policy"),
        pytest.param((idle(1),), 3, 1, "bounds.last", id="an idle policy that leaves one"),
        pytest.param((idle(0),), 3, 0, "bounds.ok", id="an idle policy that leaves none"),
        pytest.param((), 0, 0, "bounds.ok", id="none is left anyway"),
    ],
)
def test_only_an_idle_policy_releases_the_last_replica(
    wishes: tuple[Recommendation, ...], current: int, to: int, reason: str
) -> None:
    decision = passed(guard, wanted(0, current, wishes=wishes), look(bounds=(0, 20)))

    assert (decision.desired, last(decision).reason) == (to, reason)
