"""What each replica should carry, against what there is."""

import pytest

from scaler.capacity.sizing import MOST
from scaler.engine.settings import TargetParams
from scaler.policies import recommend
from scaler.policies.recommendation import Recommendation, Silence, Voice
from tests.scaler.looks import GPU, NOON, RUNNING, look, seen

SUM = TargetParams(RUNNING, per_replica=8)
MEAN = TargetParams(GPU, value=0.7)


@pytest.mark.parametrize(
    ("total", "desired"),
    [
        pytest.param(0, 0, id="nothing to carry"),
        pytest.param(1, 1, id="a little"),
        pytest.param(80, 10, id="exactly what ten carry"),
        pytest.param(80.0000000001, 10, id="the noise of a float is not a replica"),
        pytest.param(80.1, 11, id="a little more than ten carry"),
        pytest.param(1e300, MOST, id="absurdly much"),
    ],
)
def test_a_total_is_divided_by_what_a_replica_carries(total: float, desired: int) -> None:
    wish = recommend(SUM, look(SUM, seen=(seen(RUNNING, total),)))

    assert wish == Recommendation(
        "target",
        desired,
        "target.per_replica",
        (("signal", RUNNING), ("value", total), ("unit", "{request}"), ("goal", 8)),
        Voice.ASK,
    )


@pytest.mark.parametrize(
    ("average", "ready", "pending", "desired"),
    [
        pytest.param(0.7, 10, 0, 10, id="at the goal"),
        pytest.param(0.9, 10, 0, 13, id="above it"),
        pytest.param(0.35, 10, 0, 5, id="at half of it"),
        pytest.param(0.0, 10, 0, 0, id="idle"),
        pytest.param(0.9, 5, 5, 7, id="only ready replicas carry the load"),
    ],
)
def test_an_average_is_brought_to_the_goal(
    average: float, ready: int, pending: int, desired: int
) -> None:
    wish = recommend(MEAN, look(MEAN, seen=(seen(GPU, average),), ready=ready, pending=pending))

    assert isinstance(wish, Recommendation)
    assert (wish.desired, wish.reason) == (desired, "target.average")
    assert dict(wish.facts) == {
        "signal": GPU,
        "value": average,
        "unit": "1",
        "goal": 0.7,
        "ready": ready,
    }


@pytest.mark.parametrize(
    ("policy", "ready"),
    [
        pytest.param(MEAN, 0, id="nobody is ready"),
        pytest.param(TargetParams(GPU), 10, id="no goal was given"),
    ],
)
def test_an_average_over_nobody_says_nothing(policy: TargetParams, ready: int) -> None:
    silence = recommend(policy, look(policy, seen=(seen(GPU, 0.9),), ready=ready, pending=3))

    assert silence == Silence("target", "replicas.unready", (("signal", GPU),))


def test_a_total_can_wake_a_fleet_that_is_at_zero() -> None:
    wish = recommend(SUM, look(SUM, seen=(seen(RUNNING, 3),), ready=0, bounds=(0, 10)))

    assert isinstance(wish, Recommendation)
    assert wish.desired == 1


def test_an_absent_value_is_no_wish_for_zero() -> None:
    silence = recommend(SUM, look(SUM, seen=(seen(RUNNING, None, received_at=NOON),)))

    assert silence == Silence("target", "signal.ended", (("signal", RUNNING),))
