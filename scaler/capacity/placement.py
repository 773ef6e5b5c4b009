"""A number of replicas → how many go to each pool. Pure.

Pools are filled in the owner's order: each first gets its minimum, then the rest goes to the
first pool with room. Price, shares and stock-outs widen this rule later.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PoolBounds:
    """How few and how many replicas one pool holds."""

    minimum: int
    maximum: int


def spread(desired: int, pools: tuple[PoolBounds, ...]) -> tuple[int, ...]:
    """One size per pool; they add up to `desired` unless minimums or maximums forbid it."""
    sizes = [pool.minimum for pool in pools]
    left = desired - sum(sizes)
    for index, pool in enumerate(pools):
        more = max(0, min(left, pool.maximum - sizes[index]))
        sizes[index] += more
        left -= more
    return tuple(sizes)
