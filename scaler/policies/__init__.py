"""Every way to want replicas: parameters and a snapshot → a recommendation, or silence."""

from typing import assert_never

from scaler.engine.settings import (
    IdleParams,
    PolicyParams,
    PredictiveParams,
    TargetParams,
    ThresholdParams,
)
from scaler.engine.snapshot import Snapshot
from scaler.policies import idle, predictive, target, threshold
from scaler.policies.recommendation import Recommendation, Silence

__all__ = ["recommend"]


def recommend(params: PolicyParams, snapshot: Snapshot) -> Recommendation | Silence:
    """One policy's wish. Silence means that it saw too little, which is never a wish for less."""
    match params:
        case ThresholdParams():  # a bound was crossed for a time: add or remove a few
            return threshold.recommend(params, snapshot)
        case TargetParams():  # each replica should carry so much
            return target.recommend(params, snapshot)
        case PredictiveParams():  # be ready for what is coming
            return predictive.recommend(params, snapshot)
        case IdleParams():  # nobody needs them: let them go
            return idle.recommend(params, snapshot)
        case _:
            assert_never(params)
