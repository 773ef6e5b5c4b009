"""A wish for less while somebody could not see → hold."""

from datetime import datetime

from scaler.engine.decision import Decision
from scaler.engine.snapshot import Snapshot


def guard(decision: Decision, _snapshot: Snapshot, _now: datetime) -> Decision:
    """Fewer replicas need every policy's eyes; more need only one's."""
    if decision.silent and decision.desired < decision.current:
        facts = (("policies", ", ".join(decision.silent)),)
        return decision.moved(
            by="freshness", to=decision.current, reason="freshness.blind", facts=facts
        )
    return decision.passed(by="freshness", reason="freshness.ok")
