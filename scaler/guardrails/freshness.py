"""A wish for less while somebody could not see → hold."""

from datetime import datetime

from scaler.engine.decision import Decision
from scaler.engine.snapshot import Snapshot


def guard(decision: Decision, _snapshot: Snapshot, _now: datetime) -> Decision:
    """Fewer replicas need every policy's eyes; more need only one's.

    An instant at which somebody could not see is remembered as one that wanted the current size,
    so that after an outage it takes a whole stabilization window of sight to release anything.
    """
    blind = decision.blind
    if not blind:
        return decision.passed(by="freshness", reason="freshness.ok")
    facts = (("policies", ", ".join(blind)),)
    if decision.desired >= decision.current:
        return decision.passed(by="freshness", reason="freshness.partial", facts=facts)
    return decision.settled(decision.current).moved(
        by="freshness", to=decision.current, reason="freshness.blind", facts=facts
    )
