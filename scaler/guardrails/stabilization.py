"""A wish for less → no less than the most that was wanted lately."""

from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta
from operator import attrgetter, sub

from scaler.engine.decision import Decision
from scaler.engine.snapshot import LEAST_REACH, Memory, Snapshot

_moment = attrgetter("at")


def guard(decision: Decision, snapshot: Snapshot, now: datetime) -> Decision:
    """The highest wish of the window is a floor for releases.

    Time that nobody remembers (a new workload, a restart, an outage of ours) counts as having
    wanted the current size, so that forgetting never shrinks a fleet.
    """
    window = snapshot.guards.scale_down_stabilization
    if decision.desired >= decision.current or not window:
        return decision.passed(by="stabilization", reason="stabilization.ok")
    since, memory = now - window, snapshot.memory
    facts = (("window_s", window.total_seconds()),)
    if not _covers(memory, since, now):
        return decision.moved(
            by="stabilization", to=decision.current, reason="stabilization.unknown", facts=facts
        )
    first = bisect_left(memory.wanted, since, key=_moment)
    floor = max([past.wanted for past in memory.wanted[first:]], default=decision.desired)
    to = max(decision.desired, min(decision.current, floor))
    if to == decision.desired:
        return decision.passed(by="stabilization", reason="stabilization.ok")
    return decision.moved(
        by="stabilization",
        to=to,
        reason="stabilization.recent",
        facts=(*facts, ("floor", floor)),
    )


def _covers(memory: Memory, since: datetime, now: datetime) -> bool:
    """Whether it was decided from `since` to `now` without a hole."""
    if not memory.wanted or memory.wanted[0].at > since + memory.every:
        return False
    first = bisect_right(memory.wanted, since, key=_moment)
    edges = [since, *[past.at for past in memory.wanted[first:]], now]
    start = 0 if first else 1  # a memory that begins a moment late has no hole before it
    hole: timedelta = max(map(sub, edges[start + 1 :], edges[start:]))
    return hole <= max(3 * memory.every, LEAST_REACH)
