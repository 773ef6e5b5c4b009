"""What an owner may set: policy parameters and guardrail limits, as frozen values."""

from dataclasses import dataclass
from datetime import timedelta

DEMAND = "service.request.rate"


@dataclass(frozen=True, slots=True)
class ThresholdParams:
    """Add or remove replicas when a signal has been past a bound for a time.

    Exactly one of `above` and `below` is set, in the signal's base unit. `change` is positive for
    `above` and negative for `below`; `hold` is how long the bound must have been crossed.
    """

    signal: str
    change: int
    hold: timedelta
    above: float | None = None
    below: float | None = None
    kind: str = "threshold"


@dataclass(frozen=True, slots=True)
class TargetParams:
    """Keep the signal's total at `per_replica` for each replica, or its mean at `value`.

    `per_replica` divides a summed signal (requests running); `value` is proportional control of
    an averaged one (utilization): desired = ceil(ready x observed / value).
    """

    signal: str
    per_replica: float | None = None
    value: float | None = None
    kind: str = "target"


@dataclass(frozen=True, slots=True)
class PredictiveParams:
    """Order for the demand expected when the order is ready.

    `quantile` None means `auto`: taken from the SLO's objective. `utilization` is the share of
    `per_replica` that a replica should carry, so that the SLO still holds.
    """

    horizon: timedelta = timedelta(minutes=30)
    quantile: float | None = None
    utilization: float | None = None
    objective: float = 0.999
    slo_target: timedelta | None = None
    kind: str = "predictive"


@dataclass(frozen=True, slots=True)
class IdleParams:
    """Release down to `release_to` when utilization stayed below a bound for a time."""

    below: float
    hold: timedelta
    release_to: int
    signal: str = "infra.gpu.utilization"
    kind: str = "idle"


PolicyParams = ThresholdParams | TargetParams | PredictiveParams | IdleParams


@dataclass(frozen=True, slots=True)
class Guards:
    """Limits on movement; defaults and peers are argued in promises 7.4."""

    tolerance: float = 0.1  # of the current size; smaller wishes are noise
    scale_down_stabilization: timedelta = timedelta(seconds=300)
    max_step_up: int | None = None  # None: max(+100 %, +4) per 60 s
    max_step_down: int | None = None  # None: max(10 %, 1) per 120 s
    cooldown_up: timedelta = timedelta(seconds=60)
    cooldown_down: timedelta = timedelta(seconds=300)
