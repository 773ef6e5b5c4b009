"""The owner's document → the engine's settings. Pure."""

from datetime import timedelta

from controlplane.workloads.spec import (
    IdlePolicy,
    Policy,
    PredictivePolicy,
    Slo,
    Spec,
    TargetPolicy,
    ThresholdPolicy,
)
from scaler.engine.settings import (
    Guards,
    IdleParams,
    PolicyParams,
    PredictiveParams,
    TargetParams,
    ThresholdParams,
)
from scaler.engine.snapshot import Bounds, Capacity

LEAST_WINDOW = timedelta(minutes=5)
MARGIN = timedelta(minutes=1)


def policies(spec: Spec) -> tuple[PolicyParams, ...]:
    """Every policy in the owner's order."""
    return tuple(_policy(policy, spec.slo) for policy in spec.policies)


def _policy(policy: Policy, slo: Slo | None) -> PolicyParams:
    match policy:
        case ThresholdPolicy():
            return ThresholdParams(
                signal=policy.signal,
                change=policy.add if policy.add is not None else -(policy.remove or 0),
                hold=policy.for_,
                above=policy.above,
                below=policy.below,
            )
        case TargetPolicy():
            return TargetParams(policy.signal, policy.per_replica, policy.value)
        case IdlePolicy():
            return IdleParams(policy.below, policy.for_, policy.release_to, policy.signal)
        case PredictivePolicy():
            return PredictiveParams(
                horizon=policy.horizon,
                quantile=None if policy.quantile == "auto" else policy.quantile,
                utilization=policy.utilization,
                objective=slo.objective if slo else 0.999,
                slo_target=slo.target if slo else None,
            )


def guards(spec: Spec) -> Guards:
    limits = spec.guardrails
    return Guards(
        tolerance=limits.tolerance,
        scale_down_stabilization=limits.scale_down_stabilization,
        max_step_up=limits.max_step_up,
        max_step_down=limits.max_step_down,
        cooldown_up=limits.cooldown,
        cooldown_down=limits.cooldown_down,
    )


def bounds(spec: Spec) -> Bounds:
    """The workload's bounds, no wider than what its pools can hold together."""
    return Bounds(*spec.reach)


def capacity(spec: Spec, lead_time: timedelta) -> Capacity:
    declared = spec.capacity
    return Capacity(
        per_replica=declared.per_replica,
        slots=declared.slots,
        service_time=declared.service_time,
        timeout=declared.timeout,
        lead_time=lead_time,
    )


def wanted_signals(spec: Spec) -> tuple[tuple[str, float | None], ...]:
    """Every (signal, quantile) a look needs: what policies use, and what the overview shows."""
    signals: dict[tuple[str, float | None], None] = {(spec.demand.signal, None): None}
    for policy in spec.policies:
        if not isinstance(policy, PredictivePolicy):
            signals[(policy.signal, _quantile(policy.signal))] = None
    if spec.slo:
        signals[(spec.slo.signal, spec.slo.quantile)] = None
    for shown in ("service.requests.waiting", "infra.gpu.utilization"):
        signals[(shown, None)] = None
    return tuple(signals)


def _quantile(signal: str) -> float | None:
    """Experience signals are distributions; a policy on one means its 95th percentile."""
    return 0.95 if signal.startswith("experience.") else None


def holds(spec: Spec) -> dict[str, timedelta]:
    """How long each signal's past matters: the longest `for` of the policies that use it."""
    found: dict[str, timedelta] = {}
    for policy in spec.policies:
        if isinstance(policy, ThresholdPolicy | IdlePolicy):
            found[policy.signal] = max(policy.for_, found.get(policy.signal, timedelta(0)))
    return found


def window(spec: Spec) -> timedelta:
    """How far back observations must reach for every policy's `for`, with a margin."""
    return max([LEAST_WINDOW, *(hold + MARGIN for hold in holds(spec).values())])
