"""A load and what one replica carries → replicas. Pure arithmetic that cannot overflow."""

from math import ceil, isfinite

from scaler.capacity.queueing import BUSIEST, busiest

ROUNDING = 1e-9  # 16.000000000000004 replicas are 16
MOST = 1_000_000  # no fleet is larger; a wish beyond it is a fault of its numbers


def needed(load: float, each: float) -> int:
    """ceil(load / each) from 0 to MOST, for a finite load and a positive `each`."""
    many = load / each
    return ceil(max(0.0, many - ROUNDING)) if many < MOST else MOST


def usable(each: float | None) -> bool:
    """Whether a load can be divided by it: known, finite and positive."""
    return each is not None and isfinite(each) and each > 0


def fewest(
    load: float, *, per_replica: float, slots: int, service_time: float, limit: float
) -> tuple[int, float]:
    """The smallest fleet that answers `load` within `limit` s, and what each replica then carries.

    A larger fleet may run busier, because its queue has more servers. So the utilization must be
    that of the answer, not of the present fleet: judged by the present one, two replicas would
    ask for three and three for two, for ever.
    """

    def carried(size: int) -> float:
        return per_replica * busiest(max(1, size) * slots, service_time, limit)

    low = needed(load, per_replica * BUSIEST)
    each = carried(low)
    high = needed(load, each)  # enough for certain: each of so many carries more than that
    if high <= low:
        return low, each
    while low < high:
        middle = (low + high) // 2
        if needed(load, carried(middle)) <= middle:
            high = middle
        else:
            low = middle + 1
    return low, carried(low)
