"""Everything that may move a decision toward safety, in the order it must be asked."""

from collections.abc import Callable
from datetime import datetime

from scaler.engine.decision import Decision
from scaler.engine.snapshot import Snapshot
from scaler.guardrails import (
    bounds,
    cooldown,
    freshness,
    override,
    rate,
    stabilization,
    tolerance,
)

Guardrail = Callable[[Decision, Snapshot, datetime], Decision]

GUARDRAILS: tuple[Guardrail, ...] = (
    freshness.guard,  # doubt first: absent or stale data may hold or raise, never lower
    tolerance.guard,  # a change within the noise is no change
    stabilization.guard,  # a short dip is not a trend: remember the highest recent wish
    rate.guard,  # whatever is wanted, get there in steps
    cooldown.guard,  # let the last step show its effect
    bounds.guard,  # the owner's limits hold whatever was computed
    override.guard,  # people have the last word
)
