"""Several wishes become one number: the largest, and never less by accident."""

from datetime import timedelta
from itertools import permutations

import pytest

from scaler.engine.combine import combine, largest
from scaler.engine.settings import IdleParams, PredictiveParams, TargetParams, ThresholdParams
from scaler.policies.recommendation import Recommendation, Silence, Voice
from tests.scaler.looks import DEMAND, GPU, RUNNING, forecast, look, seen, steady

FIVE = timedelta(minutes=5)
RULE = ThresholdParams(GPU, 2, FIVE, above=0.85)
TARGET = TargetParams(RUNNING, per_replica=8)
IDLE = IdleParams(below=0.3, hold=FIVE, release_to=1)
AHEAD = PredictiveParams(utilization=0.5)


def wish(voice: Voice, desired: int, policy: str = "target") -> Recommendation:
    return Recommendation(policy, desired, "x", voice=voice)


ASK, FLOOR, RELEASE, CALM = Voice.ASK, Voice.FLOOR, Voice.RELEASE, Voice.CALM


@pytest.mark.parametrize(
    ("wishes", "desired"),
    [
        pytest.param([], None, id="nobody"),
        pytest.param([wish(CALM, 10)], None, id="nobody who wishes"),
        pytest.param([wish(ASK, 6)], 6, id="one asks for less"),
        pytest.param([wish(ASK, 6), wish(ASK, 8)], 8, id="the largest of two"),
        pytest.param([wish(ASK, 6), wish(CALM, 10)], 6, id="calm does not object"),
        pytest.param([wish(ASK, 6), wish(RELEASE, 8)], 6, id="a release is not an ask"),
        pytest.param([wish(ASK, 6), wish(FLOOR, 12)], 12, id="a floor above the size raises"),
        pytest.param([wish(ASK, 6), wish(FLOOR, 8)], 6, id="a floor below the size is silent"),
        pytest.param([wish(FLOOR, 8)], None, id="a floor alone never lowers"),
        pytest.param([wish(FLOOR, 12)], 12, id="a floor alone may raise"),
        pytest.param([wish(RELEASE, 7)], 7, id="a release that nobody speaks against"),
        pytest.param([wish(RELEASE, 7), wish(RELEASE, 5)], 7, id="the careful one of two"),
        pytest.param([wish(RELEASE, 5), wish(RELEASE, 10)], None, id="one is busy: no release"),
        pytest.param([wish(RELEASE, 5), wish(FLOOR, 12)], 12, id="a raising floor beats a release"),
    ],
)
def test_the_wish_that_counts(wishes: list[Recommendation], desired: int | None) -> None:
    for order in permutations(wishes):
        winner = largest(order, current=10)

        assert (None if winner is None else winner.desired) == desired


def test_of_equal_wishes_the_thresholds_is_named() -> None:
    winner = largest((wish(ASK, 12), wish(ASK, 12, "threshold")), current=10)

    assert winner is not None
    assert winner.policy == "threshold"


def test_combine_keeps_what_everybody_said() -> None:
    decision = combine(look(RULE, TARGET, AHEAD, IDLE, seen=(seen(RUNNING, 40), steady(GPU, 0.2))))

    assert [each.policy for each in decision.recommendations] == ["threshold", "target", "idle"]
    assert decision.silent == (Silence("predictive", "signal.absent", (("signal", DEMAND),)),)
    assert (decision.current, decision.desired, decision.wanted) == (10, 5, 5)


@pytest.mark.parametrize(
    ("policies", "reason", "policy"),
    [
        pytest.param((TARGET, RULE), "combine.largest", "target", id="an ask"),
        pytest.param((RULE, IDLE), "combine.release", "idle", id="a release"),
        pytest.param((RULE,), "combine.none", None, id="nobody wishes"),
        pytest.param((), "combine.none", None, id="there are no policies"),
    ],
)
def test_the_first_step_says_whose_wish_it_was(
    policies: tuple[TargetParams, ...], reason: str, policy: str | None
) -> None:
    decision = combine(look(*policies, seen=(seen(RUNNING, 40), steady(GPU, 0.2))))

    assert decision.combined == decision.steps[0]
    assert decision.steps[0].reason == reason
    assert dict(decision.steps[0].facts).get("policy") == policy


def test_a_forecast_without_demand_raises_only_beyond_the_present_size() -> None:
    low = combine(look(AHEAD, forecast=forecast(*[30] * 30)))
    high = combine(look(AHEAD, forecast=forecast(*[90] * 30)))

    assert (low.desired, high.desired) == (10, 15)
