"""A change soon after the last one → wait until its effect can be seen."""

from datetime import datetime, timedelta

from scaler.engine.decision import Decision
from scaler.engine.snapshot import Snapshot

NONE = timedelta(0)
SETTLE = 2  # times the cooldown that a release waits for replicas just ordered to take their load


def guard(decision: Decision, snapshot: Snapshot, now: datetime) -> Decision:
    """Up waits for the last order up. Down waits for the last one down, and twice as long for the
    last one up: releasing what is still starting would only order it again.
    """
    limits, memory = snapshot.guards, snapshot.memory
    if decision.change > 0:
        left = _left(memory.last_up, limits.cooldown_up, now)
        return _wait(decision, left, "cooldown.up")
    if decision.change < 0:
        after_up = _left(memory.last_up, SETTLE * limits.cooldown_down, now)
        after_down = _left(memory.last_down, limits.cooldown_down, now)
        if after_up > after_down:
            return _wait(decision, after_up, "cooldown.settling")
        return _wait(decision, after_down, "cooldown.down")
    return decision.passed(by="cooldown", reason="cooldown.ok")


def _left(last: datetime | None, period: timedelta, now: datetime) -> timedelta:
    return NONE if last is None else max(NONE, last + period - now)


def _wait(decision: Decision, left: timedelta, reason: str) -> Decision:
    if not left:
        return decision.passed(by="cooldown", reason="cooldown.ok")
    facts = (("left_s", left.total_seconds()),)
    return decision.moved(by="cooldown", to=decision.current, reason=reason, facts=facts)
