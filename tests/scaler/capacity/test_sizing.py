"""A load and what one replica carries, turned into replicas."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.capacity.queueing import BUSIEST, LAZIEST, busiest, wait
from scaler.capacity.sizing import MOST, fewest, needed, usable


@pytest.mark.parametrize(
    ("load", "each", "size"),
    [
        pytest.param(0, 8, 0, id="nothing"),
        pytest.param(16.000000000000004, 1, 16, id="the noise of a float"),
        pytest.param(16.1, 1, 17, id="a little more"),
        pytest.param(MOST, 1, MOST, id="the most"),
        pytest.param(1e308, 1e-308, MOST, id="a quotient that is infinite"),
    ],
)
def test_replicas_are_the_load_divided_and_rounded_up(load: float, each: float, size: int) -> None:
    assert needed(load, each) == size


@pytest.mark.parametrize(
    ("each", "good"),
    [
        (None, False),
        (0.0, False),
        (-1.0, False),
        (float("nan"), False),
        (float("inf"), False),
        (12.0, True),
    ],
)
def test_only_a_positive_finite_number_divides(each: float | None, good: bool) -> None:
    assert usable(each) is good


@given(
    load=st.floats(0, 500),
    per_replica=st.floats(0.5, 50),
    slots=st.integers(1, 16),
    limit=st.floats(0.05, 1.0),
)
def test_the_smallest_fleet_that_holds_the_slo_is_found(
    load: float, per_replica: float, slots: int, limit: float
) -> None:
    def holds(size: int) -> bool:
        rho = busiest(max(1, size) * slots, 0.1, limit)
        return needed(load, per_replica * rho) <= size

    size, carried = fewest(
        load, per_replica=per_replica, slots=slots, service_time=0.1, limit=limit
    )

    assert holds(size)
    assert size == 0 or not holds(size - 1)
    assert carried == per_replica * busiest(max(1, size) * slots, 0.1, limit)


@pytest.mark.parametrize(
    ("servers", "limit", "rho"),
    [
        pytest.param(64, 0.2, BUSIEST, id="many servers may be as busy as we ever plan"),
        pytest.param(1, 0.2, LAZIEST, id="one server must be lazy"),
        pytest.param(8, 0.05, LAZIEST, id="an SLO below the service time cannot be held"),
    ],
)
def test_how_busy_a_fleet_may_be_depends_on_its_servers(
    servers: int, limit: float, rho: float
) -> None:
    assert busiest(servers, 0.1, limit) == rho


def test_between_the_extremes_the_slo_is_just_held() -> None:
    rho = busiest(4, 0.1, 0.2)

    assert 0.1 + 3 * wait(rho, 4, 0.1) <= 0.2 < 0.1 + 3 * wait(rho + 0.001, 4, 0.1)


@pytest.mark.parametrize(
    ("rho", "seconds"),
    [
        pytest.param(0.0, 0.0, id="nobody waits in an empty system"),
        pytest.param(-1.0, 0.0, id="nor in an impossible one"),
        pytest.param(0.5, 0.1, id="one server at half: as long as the service"),
        pytest.param(5.0, 99.9, id="an overloaded one is taken at 99.9 %"),
    ],
)
def test_the_mean_wait_of_one_server_is_rho_over_one_minus_rho(rho: float, seconds: float) -> None:
    assert wait(rho, 1, 0.1) == pytest.approx(seconds)
