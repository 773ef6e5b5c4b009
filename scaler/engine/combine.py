"""Several wishes → one number: the largest, and never less by accident."""

from scaler.engine.decision import Decision, Stage
from scaler.engine.snapshot import Snapshot
from scaler.policies import recommend
from scaler.policies.recommendation import Recommendation, Silence, Voice

EXACT = "threshold"  # of equal wishes its own is named: an owner's "add 2" is not noise


def combine(snapshot: Snapshot) -> Decision:
    """Ask every policy, take the largest wish.

    1. somebody asks for a size, or a floor lies above the present one: the largest of those
    2. nobody does, and every policy that may release would: the largest of what they leave
    3. otherwise the size holds
    """
    spoken = tuple(recommend(params, snapshot) for params in snapshot.policies)
    wishes = tuple(each for each in spoken if isinstance(each, Recommendation))
    current = snapshot.size().current
    decision = Decision(
        workload=snapshot.workload,
        at=snapshot.at,
        current=current,
        desired=current,
        wanted=current,
        recommendations=wishes,
        silent=tuple(each for each in spoken if isinstance(each, Silence)),
    )
    winner = largest(wishes, current)
    if winner is None:
        return decision.moved(by="combine", to=current, reason="combine.none", stage=Stage.COMBINE)
    facts = (("policy", winner.policy),)
    reason = "combine.release" if winner.voice is Voice.RELEASE else "combine.largest"
    moved = decision.moved(
        by="combine", to=winner.desired, reason=reason, facts=facts, stage=Stage.COMBINE
    )
    return moved.settled(winner.desired)


def largest(wishes: tuple[Recommendation, ...], current: int) -> Recommendation | None:
    """The wish that counts, whatever the order of the policies; None when the size shall hold."""
    heard = [
        wish
        for wish in wishes
        if wish.voice is Voice.ASK or (wish.voice is Voice.FLOOR and wish.desired > current)
    ]
    if heard:
        return max(heard, key=_rank)
    releases = [wish for wish in wishes if wish.voice is Voice.RELEASE]
    winner = max(releases, key=_rank, default=None)
    return winner if winner is not None and winner.desired < current else None


def _rank(wish: Recommendation) -> tuple[int, bool, str, str]:
    return (wish.desired, wish.policy == EXACT, wish.policy, wish.reason)
