"""A size outside the owner's limits → the nearest one inside."""

from datetime import datetime

from scaler.engine.decision import Decision
from scaler.engine.snapshot import Snapshot


def guard(decision: Decision, snapshot: Snapshot, _now: datetime) -> Decision:
    """min..max, both inclusive, also when the present size is outside."""
    bounds = snapshot.bounds
    to = min(max(decision.desired, bounds.minimum), bounds.maximum)
    if to == decision.desired:
        return decision.passed(by="bounds", reason="bounds.ok")
    reason = "bounds.min" if to == bounds.minimum else "bounds.max"
    return decision.moved(by="bounds", to=to, reason=reason, facts=(("bound", to),))
