"""A person's pin, freeze or pause → the last word."""

from datetime import datetime

from scaler.engine.decision import Decision, Stage
from scaler.engine.snapshot import Snapshot
from scaler.policies.recommendation import Facts


def guard(decision: Decision, snapshot: Snapshot, now: datetime) -> Decision:
    """Paused beats pinned, pinned beats computed; an override whose time is over is ignored.

    Pause and freeze hold the current size also when it is outside the bounds.
    """
    if snapshot.paused:
        return _held(decision, decision.current, "override.paused")
    word = snapshot.override
    if word is None or now >= word.until:
        return decision.passed(by="override", reason="override.none")
    facts = (("by", word.by), ("until", word.until.isoformat()), ("because", word.reason))
    if word.size is None:
        return _held(decision, decision.current, "override.frozen", facts)
    return _held(decision, max(0, word.size), "override.pinned", facts)


def _held(decision: Decision, to: int, reason: str, facts: Facts = ()) -> Decision:
    return decision.moved(by="override", to=to, reason=reason, facts=facts, stage=Stage.PERSON)
