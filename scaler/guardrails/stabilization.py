"""A wish for less → no less than the most that was wanted lately."""

from datetime import datetime

from scaler.engine.decision import Decision
from scaler.engine.snapshot import Snapshot


def guard(decision: Decision, snapshot: Snapshot, now: datetime) -> Decision:
    """The highest wish of the window is a floor for releases.

    A memory that does not reach back over the whole window (after a restart, or for a new
    workload) counts the current size as wanted, so that forgetting never shrinks a fleet.
    """
    window = snapshot.guards.scale_down_stabilization
    if decision.desired >= decision.current or not window:
        return decision.passed(by="stabilization", reason="stabilization.ok")
    since = now - window
    recent = [past.wanted for past in snapshot.memory.wanted if past.at >= since]
    covered = any(past.at <= since + window / 5 for past in snapshot.memory.wanted)
    floor = max([*recent, decision.desired, *([] if covered else [decision.current])])
    to = min(decision.current, floor)
    if to == decision.desired:
        return decision.passed(by="stabilization", reason="stabilization.ok")
    facts = (("window_s", window.total_seconds()), ("floor", floor))
    return decision.moved(by="stabilization", to=to, reason="stabilization.recent", facts=facts)
