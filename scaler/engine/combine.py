"""Several wishes → one number: the largest, and never less by accident."""

from scaler.engine.decision import Decision, Stage, Step
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
    spoken = [recommend(params, snapshot) for params in snapshot.policies]
    wishes = tuple([each for each in spoken if isinstance(each, Recommendation)])
    current = snapshot.size().current
    winner = largest(wishes, current)
    desired = current if winner is None else winner.desired
    return Decision(
        workload=snapshot.workload,
        at=snapshot.at,
        current=current,
        desired=desired,
        wanted=desired,
        recommendations=wishes,
        steps=(_first(winner, current),),
        silent=tuple([each for each in spoken if isinstance(each, Silence)]),
    )


def _first(winner: Recommendation | None, current: int) -> Step:
    """The step that says whose wish it was."""
    if winner is None:
        return Step(Stage.COMBINE, "combine", current, current, "combine.none")
    reason = "combine.release" if winner.voice is Voice.RELEASE else "combine.largest"
    facts = (("policy", winner.policy),)
    return Step(Stage.COMBINE, "combine", current, winner.desired, reason, facts)


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
