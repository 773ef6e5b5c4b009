"""What history left running → the cloud, and what became of each order → its row."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from controlplane.decisions.actuators import standing_in
from controlplane.decisions.models import ActuationState
from controlplane.demo.clouds import create_target
from controlplane.demo.fleet import Cloud, Fleet, Order
from controlplane.demo.profiles import CHAT
from controlplane.demo.rows import READ_EVERY, outcome
from scaler.actuators.base import ScaleTarget
from scaler.actuators.fake import FakeActuator
from scaler.actuators.simulated import SimulatedCloud

TARGET = ScaleTarget("simulated", "demo-chat-7b")


def fleet(noon: datetime, *, starting: int) -> Fleet:
    made = Fleet(Cloud(90.0, 0.0, 0.0), 5, np.random.default_rng(1))
    if starting:
        made.order(5 + starting, now=noon.timestamp() - 30)
    return made


def test_replicas_that_are_starting_go_on_starting_in_the_cloud(
    cloud: SimulatedCloud, noon: datetime
) -> None:
    create_target(TARGET, CHAT, fleet(noon, starting=2), now=noon)
    now, later = (
        cloud.observe(TARGET, now=noon),
        cloud.observe(TARGET, now=noon + timedelta(minutes=2)),
    )

    assert (now.ready, len(now.pending)) == (5, 2)
    assert now.pending[0] - noon < timedelta(seconds=75)  # ordered 30 s ago, ready after about 90
    assert (later.ready, len(later.pending)) == (7, 0)


def test_making_a_target_again_sets_it_anew(cloud: SimulatedCloud, noon: datetime) -> None:
    create_target(TARGET, CHAT, fleet(noon, starting=3), now=noon)
    create_target(TARGET, CHAT, fleet(noon, starting=0), now=noon)

    assert cloud.observe(TARGET, now=noon).current == 5


def test_only_a_simulated_cloud_can_be_given_targets(noon: datetime) -> None:
    with (
        standing_in("simulated", FakeActuator()),
        pytest.raises(TypeError, match="scale targets"),
    ):
        create_target(TARGET, CHAT, fleet(noon, starting=0), now=noon)


def order(*, at: float, done: float, trouble: str = "") -> Order:
    return Order(at, before=2, desired=4, effect=at, done=done, trouble=trouble)


def at(unix: float) -> datetime:
    return datetime.fromtimestamp(unix, UTC)


def test_an_order_whose_replicas_all_came_is_verified() -> None:
    assert outcome(order(at=1000, done=1090), following=1200, end=5000) == (
        ActuationState.VERIFIED,
        "",
        at(1090) + READ_EVERY,
    )


def test_an_order_that_a_newer_one_overtook_is_superseded() -> None:
    state, detail, ended = outcome(order(at=1000, done=1090), following=1060, end=5000)

    assert (state, ended) == (ActuationState.SUPERSEDED, at(1060) + READ_EVERY)
    assert "newer" in detail


def test_an_order_that_is_still_starting_at_the_end_stays_open() -> None:
    assert outcome(order(at=1000, done=1090), following=None, end=1050) == (
        ActuationState.APPLIED,
        "",
        None,
    )


def test_what_the_cloud_answered_at_first_is_kept() -> None:
    late = order(at=1000, done=1110, trouble="It did not answer.")

    assert outcome(late, following=None, end=5000)[1] == "It did not answer."
