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
    """The size without what is noise: what thresholds want, or else the current one."""
    exact = [wish for wish in decision.recommendations if wish.policy == EXACT]
    if decision.change < 0:
        combined = decision.combined
        released = combined is not None and combined.reason == "combine.release"
        agreed = released and any(wish.voice is Voice.RELEASE for wish in exact)
        return decision.desired if agreed else decision.current
    asked = [wish.desired for wish in exact if wish.voice is Voice.ASK]
    return max([decision.current, *asked])
