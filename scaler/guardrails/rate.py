"""A large step → the largest allowed one."""

from datetime import datetime
from math import floor

from scaler.engine.decision import Decision
from scaler.engine.snapshot import Snapshot

LEAST_UP = 4  # a fleet of one may grow by four: doubling it would take minutes to matter
SHARE_DOWN = 0.1


def guard(decision: Decision, snapshot: Snapshot, _now: datetime) -> Decision:
    """Up by at most max(+100 %, +4), down by at most max(10 %, 1), unless the owner says else."""
    current = decision.current
    limits = snapshot.guards
    up = limits.max_step_up if limits.max_step_up is not None else max(current, LEAST_UP)
    down = limits.max_step_down
    down = max(1, floor(SHARE_DOWN * current)) if down is None else down
    to = min(max(decision.desired, current - down), current + up)
    if to == decision.desired:
        return decision.passed(by="rate", reason="rate.ok")
    reason, step = ("rate.up", up) if decision.desired > current else ("rate.down", down)
    return decision.moved(by="rate", to=to, reason=reason, facts=(("step", step),))
