"""Queue, waits, failures and the pretend cloud: nothing is lost, the numbers are the model's."""

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.demo.fleet import LATE, Cloud, Fleet
from controlplane.demo.physics import Plant, advance
from scaler.capacity.queueing import wait

PLANT = Plant(per_replica=10.0, slots=2, service_time=0.2, timeout=5.0)
QUICK = Cloud(lead=100.0, jitter=0.0, failure_rate=0.0)


def fleet(ready: int, cloud: Cloud = QUICK, seed: int = 1) -> Fleet:
    return Fleet(cloud, ready, np.random.default_rng(seed))


@given(
    ready=st.integers(0, 50),
    before=st.floats(0, 1e5),
    arrivals=st.floats(0, 1e6),
    seconds=st.sampled_from([5.0, 60.0]),
)
def test_every_request_is_served_or_failed_or_waits_on(
    ready: int, before: float, arrivals: float, seconds: float
) -> None:
    step = advance(PLANT, ready=ready, before=before, arrivals=arrivals, seconds=seconds)

    assert step.served + step.failed + step.backlog == pytest.approx(before + arrivals)
    assert min(step.served, step.failed, step.backlog) >= 0
    assert step.served <= ready * 10 * seconds * (1 + 1e-12)
    assert 0 <= step.wait(PLANT) <= PLANT.timeout


def test_below_capacity_everything_is_served_after_the_mean_wait_of_the_servers() -> None:
    step = advance(PLANT, ready=2, before=0, arrivals=60, seconds=5)

    assert (step.served, step.backlog, step.failed) == (60, 0, 0)
    assert step.utilization == pytest.approx(0.6)
    assert step.wait(PLANT) == pytest.approx(wait(0.6, 4, 0.2))


def test_above_capacity_the_rest_waits_as_long_as_the_queue_takes() -> None:
    step = advance(PLANT, ready=2, before=0, arrivals=150, seconds=5)

    assert (step.served, step.backlog, step.utilization) == (100, 50, 1.0)
    assert step.wait(PLANT) == pytest.approx(50 / 2 / 20)


def test_what_would_wait_longer_than_the_timeout_fails_at_once() -> None:
    step = advance(PLANT, ready=2, before=0, arrivals=300, seconds=5)

    assert (step.served, step.backlog, step.failed) == (100, 100, 100)
    assert step.wait(PLANT) == pytest.approx(5.0)


def test_without_a_replica_everything_fails_and_nothing_is_known_of_its_use() -> None:
    step = advance(PLANT, ready=0, before=7, arrivals=3, seconds=5)

    assert (step.served, step.backlog, step.failed) == (0, 0, 10)
    assert isnan(step.utilization)
    assert step.wait(PLANT) == PLANT.timeout


def test_ordered_replicas_are_ready_a_lead_time_later() -> None:
    some = fleet(2)
    some.order(4, now=1000.0)
    some.settle(1099.0)
    early = (some.ready, some.current)
    some.settle(1100.0)

    assert early == (2, 4)
    assert some.ready == 4


def test_releasing_cancels_the_newest_order_first() -> None:
    some = fleet(3)
    some.order(5, now=0.0)
    some.order(6, now=50.0)
    some.order(4, now=60.0)

    assert (some.ready, some.pending) == (3, [100.0])


def test_releasing_more_than_is_starting_takes_ready_replicas_at_once() -> None:
    some = fleet(3)
    some.order(4, now=0.0)
    order = some.order(1, now=10.0)

    assert (some.ready, some.pending) == (1, [])
    assert order.done == 10.0


def test_lead_times_scatter_within_their_jitter_and_the_seed_decides() -> None:
    cloud = Cloud(lead=100.0, jitter=0.2, failure_rate=0.0)
    done = [fleet(1, cloud, seed).order(2, now=0.0).done for seed in range(200)]

    assert 80 <= min(done) < 85
    assert 115 < max(done) <= 120
    assert fleet(1, cloud, 7).order(2, now=0.0) == fleet(1, cloud, 7).order(2, now=0.0)


def test_a_write_that_fails_takes_effect_after_it_was_settled() -> None:
    unlucky = Cloud(lead=100.0, jitter=0.0, failure_rate=1.0)
    order = fleet(1, unlucky).order(2, now=0.0)

    assert order.effect == LATE
    assert order.done == LATE + 100
    assert order.trouble
