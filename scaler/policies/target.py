"""What each replica should carry → how many replicas carry what there is."""

from math import ceil

from scaler.engine.settings import TargetParams
from scaler.engine.snapshot import Snapshot
from scaler.policies.recommendation import Recommendation

ROUNDING = 1e-9  # 16.000000000000004 replicas are 16


def recommend(params: TargetParams, snapshot: Snapshot) -> Recommendation | None:
    """ceil(total / per_replica), or ceil(ready x average / value); None without fresh data."""
    seen = snapshot.observation(params.signal)
    if seen is None or seen.value is None or snapshot.replicas is None:
        return None
    if not seen.fresh(snapshot.at) or seen.value < 0:
        return None
    facts = (("signal", params.signal), ("value", seen.value))
    if params.per_replica is not None:
        desired = ceil(seen.value / params.per_replica - ROUNDING)
        goal = ("per_replica", params.per_replica)
        return Recommendation("target", max(0, desired), "target.per_replica", (*facts, goal))
    if params.value is None or snapshot.replicas.ready == 0:
        return None  # an average over nobody says nothing
    ready = snapshot.replicas.ready
    desired = ceil(ready * seen.value / params.value - ROUNDING)
    goals = (("goal", params.value), ("ready", ready))
    return Recommendation("target", max(0, desired), "target.average", (*facts, *goals))
