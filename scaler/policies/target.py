"""A signal and what each replica should carry of it → replicas."""

from scaler.capacity.sizing import needed
from scaler.engine.settings import TargetParams
from scaler.engine.snapshot import Snapshot
from scaler.policies import evidence
from scaler.policies.recommendation import Recommendation, Silence


def recommend(params: TargetParams, snapshot: Snapshot) -> Recommendation | Silence:
    """ceil(total / per_replica), or ceil(ready x average / value)."""
    seen = evidence.seen(snapshot, params.signal, policy="target")
    if isinstance(seen, Silence):
        return seen
    facts = (("signal", params.signal), ("value", seen.value), ("unit", seen.observation.unit))
    if params.per_replica is not None:
        desired = needed(seen.value, params.per_replica)
        goal = ("goal", params.per_replica)
        return Recommendation("target", desired, "target.per_replica", (*facts, goal))
    ready = snapshot.size().ready
    if params.value is None or not ready:  # an average over nobody says nothing
        return Silence("target", "replicas.unready", (("signal", params.signal),))
    desired = needed(ready * seen.value, params.value)
    goals = (("goal", params.value), ("ready", ready))
    return Recommendation("target", desired, "target.average", (*facts, *goals))
