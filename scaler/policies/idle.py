"""Utilization low for a whole time → release what is not needed, down to a floor."""

from datetime import timedelta
from math import ceil

from scaler.engine.settings import IdleParams, ThresholdParams
from scaler.engine.snapshot import Snapshot
from scaler.policies.recommendation import Recommendation
from scaler.policies.threshold import held

ROUNDING = 1e-9


def recommend(params: IdleParams, snapshot: Snapshot) -> Recommendation | None:
    """The size at which utilization would be at the bound again; None without fresh data."""
    seen = snapshot.observation(params.signal)
    if seen is None or seen.value is None or snapshot.replicas is None:
        return None
    if not seen.fresh(snapshot.at) or seen.value < 0:
        return None
    current = snapshot.replicas.current
    facts = (
        ("signal", params.signal),
        ("value", seen.value),
        ("bound", params.below),
        ("hold_s", params.hold.total_seconds()),
    )
    calm = ThresholdParams(params.signal, -1, params.hold or timedelta(0), below=params.below)
    if seen.value >= params.below or not held(calm, seen, snapshot):
        return Recommendation("idle", current, "idle.busy", facts, abstains=True)
    fits = ceil(current * seen.value / params.below - ROUNDING)
    desired = min(current, max(params.release_to, fits))
    return Recommendation("idle", desired, "idle.release", facts)
