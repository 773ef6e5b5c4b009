"""A person's pin, freeze or pause → the last word."""

from datetime import datetime

from scaler.engine.decision import Decision, Stage
from scaler.engine.snapshot import Snapshot


def guard(decision: Decision, snapshot: Snapshot, now: datetime) -> Decision:
    """Paused beats pinned, pinned beats computed; an override whose time is over is ignored."""
    if snapshot.paused:
        return decision.moved(
            by="override", to=decision.current, reason="override.paused", stage=Stage.PERSON
        )
    word = snapshot.override
    if word is None or now >= word.until:
        return decision.passed(by="override", reason="override.none")
    facts = (("by", word.by), ("until", word.until.isoformat()))
    if word.size is None:
        return decision.moved(
            by="override",
            to=decision.current,
            reason="override.frozen",
            facts=facts,
            stage=Stage.PERSON,
        )
    return decision.moved(
        by="override", to=word.size, reason="override.pinned", facts=facts, stage=Stage.PERSON
    )
