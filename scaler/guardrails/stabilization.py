"""A wish for less → no less than the most that was wanted lately."""

from datetime import datetime

from scaler.engine.decision import Decision
from scaler.engine.snapshot import LEAST_REACH, Memory, Snapshot


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
    recent = [past.wanted for past in memory.wanted if past.at >= since]
    floor = max(recent, default=decision.desired)
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
    times = [past.at for past in memory.wanted]
    if not times or times[0] > since + memory.every:
        return False
    hole = max(3 * memory.every, LEAST_REACH)
    within = [max(at, since) for at in times]
    return all(end - start <= hole for start, end in zip(within, [*within[1:], now], strict=True))
