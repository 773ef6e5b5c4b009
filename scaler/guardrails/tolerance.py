"""A change smaller than the noise → none."""

from datetime import datetime

from scaler.engine.decision import Decision
from scaler.engine.snapshot import Snapshot
from scaler.policies.recommendation import Voice

EXACT = "threshold"  # an owner who says "add 2" means 2, whatever the size


def guard(decision: Decision, snapshot: Snapshot, _now: datetime) -> Decision:
    """Hold when the change is within `tolerance` of the current size.

    What thresholds ask for is kept: were it dropped as soon as another policy wants slightly
    more, then more load would mean fewer replicas.
    """
    allowed = snapshot.guards.tolerance * decision.current
    change = abs(decision.change)
    to = _exact(decision) if 0 < change <= allowed else decision.desired
    if to == decision.desired:
        return decision.passed(by="tolerance", reason="tolerance.ok")
    facts = (("change", change), ("tolerance_ratio", snapshot.guards.tolerance))
    return decision.moved(by="tolerance", to=to, reason="tolerance.noise", facts=facts)


def _exact(decision: Decision) -> int:
    """The size without what is noise: what a threshold wants, or else the current one."""
    if decision.change < 0:
        combined = decision.combined
        winner = None if combined is None else dict(combined.facts).get("policy")
        return decision.desired if winner == EXACT else decision.current
    asked = [
        wish.desired
        for wish in decision.recommendations
        if wish.policy == EXACT and wish.voice is Voice.ASK
    ]
    return max([decision.current, *asked])
