"""A size spread over pools."""

import pytest

from scaler.capacity.placement import PoolBounds, spread

BASE, BURST = PoolBounds(2, 10), PoolBounds(0, 50)


@pytest.mark.parametrize(
    ("desired", "pools", "sizes"),
    [
        pytest.param(6, (BASE,), (6,), id="one pool takes all"),
        pytest.param(6, (BASE, BURST), (6, 0), id="the first pool is filled first"),
        pytest.param(14, (BASE, BURST), (10, 4), id="what it cannot hold goes on"),
        pytest.param(1, (BASE, BURST), (2, 0), id="a minimum is kept"),
        pytest.param(99, (BASE, BURST), (10, 50), id="full is full"),
        pytest.param(3, (BURST, BASE), (1, 2), id="minimums come before the order"),
        pytest.param(3, (), (), id="no pools, no replicas"),
    ],
)
def test_pools_are_filled_in_the_owners_order(
    desired: int, pools: tuple[PoolBounds, ...], sizes: tuple[int, ...]
) -> None:
    assert spread(desired, pools) == sizes
