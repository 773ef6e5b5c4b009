"""A signal past a bound for a whole time → a fixed number of replicas more, or fewer."""

from datetime import timedelta

from scaler.engine.settings import ThresholdParams
from scaler.engine.snapshot import Observation, Snapshot
from scaler.policies.recommendation import Recommendation


def recommend(params: ThresholdParams, snapshot: Snapshot) -> Recommendation | None:
    """Current plus `change` once the bound was crossed for all of `hold`; None without data.

    After an order the same breach must last another whole `hold` before it adds again, so that
    replicas which are still starting are not ordered twice.
    """
    seen = snapshot.observation(params.signal)
    if seen is None or seen.value is None or snapshot.replicas is None:
        return None
    if not seen.fresh(snapshot.at):
        return None
    bound = params.above if params.above is not None else params.below
    facts = (
        ("signal", params.signal),
        ("value", seen.value),
        ("bound", bound if bound is not None else 0.0),
        ("hold_s", params.hold.total_seconds()),
        ("change", abs(params.change)),
    )
    current = snapshot.replicas.current
    if not _crossed(params, seen.value) or not held(params, seen, snapshot):
        return Recommendation("threshold", current, "threshold.calm", facts, abstains=True)
    if _acted_lately(params, snapshot):
        return Recommendation("threshold", current, "threshold.waiting", facts)
    reason = "threshold.above" if params.above is not None else "threshold.below"
    return Recommendation("threshold", max(0, current + params.change), reason, facts)


def held(params: ThresholdParams, seen: Observation, snapshot: Snapshot) -> bool:
    """Whether every sample of the last `hold` crossed, and samples cover all of it.

    A gap of up to two intervals at the far end is how sampling looks; more is absence.
    """
    since = snapshot.at - params.hold
    window = [(at, value) for at, value in seen.history if at >= since]
    if not window or window[0][0] > since + 2 * seen.interval + timedelta(seconds=1):
        return False
    return all(_crossed(params, value) for _at, value in window)


def _crossed(params: ThresholdParams, value: float) -> bool:
    if params.above is not None:
        return value > params.above
    return params.below is not None and value < params.below


def _acted_lately(params: ThresholdParams, snapshot: Snapshot) -> bool:
    last = snapshot.memory.last_up if params.change > 0 else snapshot.memory.last_down
    return last is not None and snapshot.at - last < params.hold
