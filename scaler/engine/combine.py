"""Several wishes → one number: the largest, and never less by accident."""

from scaler.engine.decision import Decision, Stage
from scaler.engine.snapshot import Snapshot
from scaler.policies import recommend
from scaler.policies.recommendation import Recommendation


def combine(snapshot: Snapshot, current: int) -> Decision:
    """Ask every policy, take the largest wish.

    Policies that abstain do not count; with nobody left the size holds. A floor (a forecast
    without a fresh look at demand) can raise the result and never lowers it.
    """
    opinions = [(params.kind, recommend(params, snapshot)) for params in snapshot.policies]
    spoken = tuple(wish for _kind, wish in opinions if wish is not None)
    decision = Decision(
        workload=snapshot.workload,
        at=snapshot.at,
        current=current,
        desired=current,
        wanted=current,
        recommendations=spoken,
        silent=tuple(kind for kind, wish in opinions if wish is None),
    )
    winner = _winner(spoken, current)
    if winner is None:
        return decision.moved(by="combine", to=current, reason="combine.none", stage=Stage.COMBINE)
    moved = decision.moved(
        by="combine",
        to=winner.desired,
        reason="combine.largest",
        facts=(("policy", winner.policy),),
        stage=Stage.COMBINE,
    )
    return moved.settled(winner.desired)


def _winner(spoken: tuple[Recommendation, ...], current: int) -> Recommendation | None:
    votes = [wish for wish in spoken if not wish.abstains and not wish.floor_only]
    floors = [wish for wish in spoken if wish.floor_only and wish.desired > current]
    candidates = [*votes, *floors]
    return max(candidates, key=lambda wish: wish.desired) if candidates else None
