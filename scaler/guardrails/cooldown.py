"""A change soon after the last one → wait until its effect can be seen."""

from datetime import datetime, timedelta

from scaler.engine.decision import Decision
from scaler.engine.snapshot import Snapshot


def guard(decision: Decision, snapshot: Snapshot, now: datetime) -> Decision:
    """Up waits for the last order up; down waits for the last order in either direction."""
    limits, memory = snapshot.guards, snapshot.memory
    if decision.change > 0:
        return _wait(decision, now, limits.cooldown_up, "up", memory.last_up)
    if decision.change < 0:
        last = max((at for at in (memory.last_up, memory.last_down) if at), default=None)
        return _wait(decision, now, limits.cooldown_down, "down", last)
    return decision.passed(by="cooldown", reason="cooldown.ok")


def _wait(
    decision: Decision, now: datetime, period: timedelta, direction: str, last: datetime | None
) -> Decision:
    if last is None or now - last >= period:
        return decision.passed(by="cooldown", reason="cooldown.ok")
    left = (period - (now - last)).total_seconds()
    facts = (("period_s", period.total_seconds()), ("left_s", left))
    return decision.moved(
        by="cooldown", to=decision.current, reason=f"cooldown.{direction}", facts=facts
    )
