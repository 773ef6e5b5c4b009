"""Whoever cannot see releases nothing."""

import pytest

from scaler.guardrails.freshness import guard
from scaler.policies.recommendation import Recommendation, Silence, Voice
from tests.scaler.looks import look
from tests.scaler.verdicts import last, passed, wanted

BLIND = (Silence("target", "signal.stale"), Silence("idle", "signal.stale"))


@pytest.mark.parametrize(
    ("size", "silent", "to", "reason"),
    [
        pytest.param(6, (), 6, "freshness.ok", id="a release that everybody could see"),
        pytest.param(6, BLIND, 10, "freshness.blind", id="a release while two are blind"),
        pytest.param(10, BLIND, 10, "freshness.partial", id="holding needs nobody's eyes"),
        pytest.param(14, BLIND, 14, "freshness.partial", id="adding needs only one's"),
    ],
)
def test_fewer_replicas_need_every_policys_eyes(
    size: int, silent: tuple[Silence, ...], to: int, reason: str
) -> None:
    decision = passed(guard, wanted(size, silent=silent), look())

    assert (decision.desired, last(decision).reason) == (to, reason)


def test_the_blind_policies_are_named_once_and_in_order() -> None:
    decision = passed(guard, wanted(6, silent=(*BLIND, *BLIND)), look())

    assert last(decision).facts == (("policies", "idle, target"),)


def test_a_forecast_without_a_look_at_demand_is_blind_too() -> None:
    floor = Recommendation("predictive", 8, "predictive.unseen", voice=Voice.FLOOR)
    ask = Recommendation("target", 6, "target.per_replica")

    decision = passed(guard, wanted(6, wishes=(ask, floor)), look())

    assert decision.desired == 10


def test_a_blind_instant_is_remembered_as_one_that_wanted_the_current_size() -> None:
    decision = passed(guard, wanted(6, silent=BLIND), look())

    assert decision.wanted == 10


def test_a_blind_instant_that_adds_is_remembered_as_it_was() -> None:
    decision = passed(guard, wanted(14, silent=BLIND), look())

    assert decision.wanted == 14
