"""Utilization and servers → expected wait, and the other way round. Pure.

M/M/c with Sakasegawa's approximation of the mean wait, as the replay model uses it:
w = rho^(sqrt(2(c+1)) - 1) / (c (1 - rho)) x service time.
"""

from functools import lru_cache
from math import sqrt

BUSIEST = 0.85  # above it, a step of arrivals inside the minute eats the SLO before anybody sees it
LAZIEST = 0.3
TAIL = 3.0  # the 95th percentile of a near-exponential wait is about three means


def wait(rho: float, servers: int, service_time: float) -> float:
    """Mean wait in seconds at utilization `rho` (0-1) of `servers` with this service time (s)."""
    rho = min(rho, 0.999)
    if rho <= 0:
        return 0.0
    power = sqrt(2 * (servers + 1)) - 1
    return float(rho**power / (servers * (1 - rho)) * service_time)


@lru_cache(maxsize=4096)
def busiest(servers: int, service_time: float, limit: float) -> float:
    """The highest utilization at which service time plus the tail of the wait is within `limit`.

    All times in seconds; the answer lies between LAZIEST and BUSIEST, found by bisection to 0.1 %.
    """
    low, high = LAZIEST, BUSIEST
    if service_time + TAIL * wait(high, servers, service_time) <= limit:
        return high
    while high - low > 0.001:
        middle = (low + high) / 2
        if service_time + TAIL * wait(middle, servers, service_time) <= limit:
            low = middle
        else:
            high = middle
    return low
