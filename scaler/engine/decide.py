"""The whole engine on one page: a snapshot and an instant → a decision with its trail."""

from datetime import datetime, timedelta

from scaler.engine.combine import combine
from scaler.engine.decision import Decision
from scaler.engine.snapshot import Mode, Snapshot
from scaler.errors import NoDecision
from scaler.guardrails import GUARDRAILS

SIZE_MAX_AGE = timedelta(seconds=30)


def decide(snapshot: Snapshot, *, now: datetime) -> Decision:
    """Gather opinions, combine them, pass the result through every guardrail.

    Pure and deterministic. Raises NoDecision when the mode is off or when the present size was
    not read successfully within 30 s: whoever does not know the size must not change it.
    """
    _check(snapshot, now)
    decision = combine(snapshot)
    for guard in GUARDRAILS:
        decision = guard(decision, snapshot, now)
    return decision


def _check(snapshot: Snapshot, now: datetime) -> None:
    if snapshot.mode is Mode.OFF:
        raise NoDecision("mode.off", "The mode is off.")
    if now - snapshot.size().observed_at > SIZE_MAX_AGE:
        raise NoDecision("size.stale", "The present size was read too long ago.")
