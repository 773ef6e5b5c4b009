"""Decisions for tests of guardrails: as combine leaves them."""

from scaler.engine.decision import Decision, Stage, Step
from scaler.engine.snapshot import Snapshot
from scaler.guardrails import Guardrail
from scaler.policies.recommendation import Recommendation, Silence, Voice
from tests.scaler.looks import NOON


def wanted(
    size: int,
    current: int = 10,
    *,
    by: str = "target",
    wishes: tuple[Recommendation, ...] = (),
    silent: tuple[Silence, ...] = (),
) -> Decision:
    """A decision that combine made of one winner's wish."""
    found = wishes or (Recommendation(by, size, "target.per_replica", voice=Voice.ASK),)
    start = Decision("chat-7b", NOON, current, current, current, found, silent=silent)
    facts = (("policy", by),)
    asked = any(wish.voice in {Voice.ASK, Voice.FLOOR} for wish in found)
    reason = "combine.largest" if asked else "combine.release"
    moved = start.moved(by="combine", to=size, reason=reason, facts=facts, stage=Stage.COMBINE)
    return moved.settled(size)


def passed(guard: Guardrail, decision: Decision, snapshot: Snapshot) -> Decision:
    """What the guardrail makes of the decision at noon."""
    return guard(decision, snapshot, NOON)


def last(decision: Decision) -> Step:
    return decision.steps[-1]
