"""Reading pools: a pretend target is there as soon as it is named, a real one is not."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from controlplane.accounts.models import Team
from controlplane.decisions.actuators import standing_in
from controlplane.decisions.pools import refresh_pools
from controlplane.workloads.models import Pool
from scaler.actuators.fake import FakeActuator
from scaler.actuators.simulated import SimulatedCloud
from tests.factories import make_workload


@pytest.fixture
def pool(team_a: Team, noon: datetime) -> Pool:
    return make_workload(team_a, now=noon, replicas={"min": 3, "max": 9}).pools.get()


def test_a_simulated_target_starts_at_the_minimum_with_the_pools_lead_time(
    pool: Pool, noon: datetime, tmp_path: Path
) -> None:
    cloud = SimulatedCloud(tmp_path)
    with standing_in("simulated", cloud):
        refresh_pools([pool], now=noon)
    cloud.scale(pool.scale_target, 4, key="one", now=noon)
    (ready_at,) = cloud.observe(pool.scale_target, now=noon).pending

    assert (pool.ready, pool.trouble, pool.observed_at) == (3, "", noon)
    assert timedelta(minutes=4) < ready_at - noon < timedelta(minutes=6)


def test_a_simulated_target_that_exists_keeps_its_size(
    pool: Pool, noon: datetime, tmp_path: Path
) -> None:
    cloud = SimulatedCloud(tmp_path)
    cloud.create(pool.scale_target, ready=7, lead_time=timedelta(minutes=1))
    cloud.ensure(pool.scale_target, ready=3, lead_time=timedelta(minutes=5))
    with standing_in("simulated", cloud):
        refresh_pools([pool], now=noon)

    assert pool.ready == 7


def test_a_simulated_cloud_that_was_lost_is_made_again_at_the_last_known_size(
    pool: Pool, noon: datetime, tmp_path: Path
) -> None:
    pool.ready = 6
    with standing_in("simulated", SimulatedCloud(tmp_path)):
        refresh_pools([pool], now=noon)

    assert pool.ready == 6


def test_a_target_that_another_kind_of_place_does_not_know_stays_a_trouble(
    pool: Pool, noon: datetime
) -> None:
    with standing_in("simulated", FakeActuator()):
        refresh_pools([pool], now=noon)

    assert pool.ready is None
    assert "no target" in pool.trouble
