"""A large step → the largest that the rate still allows."""

from datetime import datetime, timedelta
from math import floor

from scaler.engine.decision import Decision
from scaler.engine.snapshot import Snapshot
from scaler.policies.recommendation import Facts

UP_PERIOD = timedelta(seconds=60)
DOWN_PERIOD = timedelta(seconds=120)
LEAST_UP = 4  # a fleet of one may grow by four: doubling it would take minutes to matter
SHARE_DOWN = 0.1


def guard(decision: Decision, snapshot: Snapshot, now: datetime) -> Decision:
    """Up by at most max(+100 %, +4) in 60 s, down by at most max(10 %, 1) in 120 s.

    The owner may set other steps for the same times. What was ordered within them counts, so
    that deciding every second moves no faster than deciding every minute; shares are those of
    the size before these orders.
    """
    if decision.change > 0:
        return _up(decision, snapshot, now)
    if decision.change < 0:
        return _down(decision, snapshot, now)
    return decision.passed(by="rate", reason="rate.ok")


def _up(decision: Decision, snapshot: Snapshot, now: datetime) -> Decision:
    recent = _recent(snapshot, now, UP_PERIOD)
    added = sum(by for by in recent if by > 0)
    step = snapshot.guards.max_step_up
    step = max(decision.current - sum(recent), LEAST_UP) if step is None else step
    to = min(decision.desired, decision.current + max(0, step - added))
    reason = "rate.up_spent" if added else "rate.up"
    facts = (("step", step), ("done", added), ("period_s", UP_PERIOD.total_seconds()))
    return _limited(decision, to, reason, facts)


def _down(decision: Decision, snapshot: Snapshot, now: datetime) -> Decision:
    recent = _recent(snapshot, now, DOWN_PERIOD)
    released = -sum(by for by in recent if by < 0)
    step = snapshot.guards.max_step_down
    step = max(floor(SHARE_DOWN * (decision.current - sum(recent))), 1) if step is None else step
    to = max(decision.desired, decision.current - max(0, step - released))
    reason = "rate.down_spent" if released else "rate.down"
    facts = (("step", step), ("done", released), ("period_s", DOWN_PERIOD.total_seconds()))
    return _limited(decision, to, reason, facts)


def _recent(snapshot: Snapshot, now: datetime, period: timedelta) -> list[int]:
    return [change.by for change in snapshot.memory.changes if now - change.at < period]


def _limited(decision: Decision, to: int, reason: str, facts: Facts) -> Decision:
    if to == decision.desired:
        return decision.passed(by="rate", reason="rate.ok")
    return decision.moved(by="rate", to=to, reason=reason, facts=facts)
