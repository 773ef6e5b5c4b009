"""A signal past a bound for a whole time → a fixed number of replicas more, or fewer."""

from datetime import datetime

from scaler.engine.settings import ThresholdParams
from scaler.engine.snapshot import Memory, Snapshot
from scaler.policies import evidence
from scaler.policies.recommendation import Facts, Recommendation, Silence, Voice


def recommend(params: ThresholdParams, snapshot: Snapshot) -> Recommendation | Silence:
    """Current plus `change` once the bound was crossed for all of `hold`.

    After an order the same breach must last another whole `hold` before it adds again, so that
    replicas which are still starting are not ordered twice.
    """
    seen = evidence.seen(snapshot, params.signal, policy="threshold")
    if isinstance(seen, Silence):
        return seen
    window = evidence.window(seen, params.hold, snapshot, policy="threshold")
    if isinstance(window, Silence):
        return window
    current = snapshot.size().current
    facts = _facts(params, seen)
    release = params.change < 0
    if not _crossed(params, window.values):
        voice = Voice.RELEASE if release else Voice.CALM
        return Recommendation("threshold", current, "threshold.calm", facts, voice)
    if release and not window.whole:
        return Recommendation("threshold", current, "threshold.gap", facts, Voice.RELEASE)
    voice = Voice.RELEASE if release else Voice.ASK
    if _acted_lately(params, snapshot.memory, snapshot.at):
        return Recommendation("threshold", current, "threshold.waiting", facts, voice)
    reason = "threshold.below" if release else "threshold.above"
    return Recommendation("threshold", max(0, current + params.change), reason, facts, voice)


def _facts(params: ThresholdParams, seen: evidence.Seen) -> Facts:
    return (
        ("signal", params.signal),
        ("value", seen.value),
        ("bound", (params.below if params.above is None else params.above) or 0.0),
        ("hold_s", params.hold.total_seconds()),
        ("change", abs(params.change)),
        ("unit", seen.observation.unit),
    )


def _crossed(params: ThresholdParams, values: tuple[float, ...]) -> bool:
    if params.above is not None:
        return min(values) > params.above
    return params.below is not None and max(values) < params.below


def _acted_lately(params: ThresholdParams, memory: Memory, at: datetime) -> bool:
    last = memory.last_up if params.change > 0 else memory.last_down
    return last is not None and at - last < params.hold
