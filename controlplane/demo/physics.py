"""Replicas, a queue and arrivals → what one step served, kept waiting and failed. Pure.

The fleet model that replays use, and history and live world share:

1. capacity = ready replicas x requests per second x seconds
2. what waits and what arrives is served up to the capacity, the rest waits on
3. the wait is the queue's mean length over the speed, and while there is no queue the mean wait of
   an M/M/c by Sakasegawa
4. what would wait longer than the timeout fails at once

Nothing is lost: before + arrivals = served + failed + backlog.
"""

from dataclasses import dataclass
from math import nan

from scaler.capacity.queueing import wait


@dataclass(frozen=True, slots=True)
class Plant:
    """What one replica truly does, whatever its owner declared.

    `per_replica` requests a second at 100 % utilization, `slots` of them at a time; times in s.
    """

    per_replica: float
    slots: int
    service_time: float
    timeout: float


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the fleet. `utilization` is NaN while no replica is ready.

    `chance` is the mean wait (s) that comes from uneven arrivals alone; the queue's own wait goes
    from `before` to `backlog + failed` over the speed: who fails has waited, too.
    """

    seconds: float
    ready: int
    arrivals: float
    before: float
    served: float
    failed: float
    backlog: float
    utilization: float
    chance: float

    def wait(self, plant: Plant) -> float:
        """Mean wait (s) of a request that arrives in this step, the timeout at most."""
        speed = self.ready * plant.per_replica
        if not speed:
            return plant.timeout
        queue = (self.before + self.backlog + self.failed) / 2
        return min(queue / speed + self.chance, plant.timeout)


def advance(plant: Plant, *, ready: int, before: float, arrivals: float, seconds: float) -> Step:
    """Run the fleet for `seconds`; `before` requests wait at the beginning."""
    speed = ready * plant.per_replica
    total = before + arrivals
    if not speed:
        return Step(seconds, ready, arrivals, before, 0.0, total, 0.0, nan, 0.0)
    capacity = speed * seconds
    served = min(total, capacity)
    backlog = total - served
    utilization = min(1.0, total / capacity)
    chance = 0.0
    if not backlog and utilization < 1:
        chance = wait(utilization, ready * plant.slots, plant.service_time)
    failed = max(0.0, backlog - plant.timeout * speed)
    return Step(
        seconds, ready, arrivals, before, served, failed, backlog - failed, utilization, chance
    )
