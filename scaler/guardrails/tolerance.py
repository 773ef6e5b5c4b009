"""A change smaller than the noise → none."""

from datetime import datetime

from scaler.engine.decision import Decision
from scaler.engine.snapshot import Snapshot

ABSOLUTE = frozenset({"threshold"})  # an owner who says "add 2" means 2, whatever the size


def guard(decision: Decision, snapshot: Snapshot, _now: datetime) -> Decision:
    """Hold when the change is within `tolerance` of the current size."""
    allowed = snapshot.guards.tolerance * decision.current
    change = abs(decision.change)
    if 0 < change <= allowed and _winner(decision) not in ABSOLUTE:
        facts = (("change", change), ("tolerance_ratio", snapshot.guards.tolerance))
        return decision.moved(
            by="tolerance", to=decision.current, reason="tolerance.noise", facts=facts
        )
    return decision.passed(by="tolerance", reason="tolerance.ok")


def _winner(decision: Decision) -> str:
    facts = dict(decision.steps[0].facts) if decision.steps else {}
    return str(facts.get("policy", ""))
