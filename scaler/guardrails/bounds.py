"""A size outside the owner's limits → the nearest one inside."""

from datetime import datetime

from scaler.engine.decision import Decision
from scaler.engine.snapshot import Snapshot


def guard(decision: Decision, snapshot: Snapshot, _now: datetime) -> Decision:
    """min..max, both inclusive, also when the present size is outside.

    The last replica goes only when an idle policy has seen that nobody needs it: a measured
    demand of zero may be a source that lost its traffic.
    """
    bounds = snapshot.bounds
    to = min(max(decision.desired, bounds.minimum), bounds.maximum)
    if to == 0 and decision.current > 0 and bounds.maximum > 0 and not _idle(decision):
        return decision.moved(by="bounds", to=1, reason="bounds.last")
    if to == decision.desired:
        return decision.passed(by="bounds", reason="bounds.ok")
    reason = "bounds.min" if to > decision.desired else "bounds.max"
    return decision.moved(by="bounds", to=to, reason=reason, facts=(("bound", to),))


def _idle(decision: Decision) -> bool:
    return any(wish.policy == "idle" and wish.desired == 0 for wish in decision.recommendations)
