"""Utilization low for a whole time → release what is not needed, down to a floor."""

from scaler.capacity.sizing import needed
from scaler.engine.settings import IdleParams
from scaler.engine.snapshot import Snapshot
from scaler.policies import evidence
from scaler.policies.recommendation import Recommendation, Silence, Voice


def recommend(params: IdleParams, snapshot: Snapshot) -> Recommendation | Silence:
    """The size at which utilization would be at the bound again.

    The highest utilization of the time counts, not the newest: what carried the load of all of
    `hold` is enough.
    """
    seen = evidence.seen(snapshot, params.signal, policy="idle")
    if isinstance(seen, Silence):
        return seen
    window = evidence.window(seen, params.hold, snapshot, policy="idle")
    if isinstance(window, Silence):
        return window
    current = snapshot.size().current
    highest = max(window.values)
    facts = (
        ("signal", params.signal),
        ("value", seen.value),
        ("highest", highest),
        ("bound", params.below),
        ("hold_s", params.hold.total_seconds()),
        ("unit", seen.observation.unit),
    )
    if highest >= params.below:
        return Recommendation("idle", current, "idle.busy", facts, Voice.RELEASE)
    if not window.whole:
        return Recommendation("idle", current, "idle.gap", facts, Voice.RELEASE)
    desired = min(current, max(params.release_to, needed(current * highest, params.below)))
    return Recommendation("idle", desired, "idle.release", facts, Voice.RELEASE)
