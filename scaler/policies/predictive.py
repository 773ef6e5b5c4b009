"""Demand now and demand forecast → replicas that will be ready when they are needed.

An order placed now serves from now + lead time + one step on, and a release acts at once. So the
order is for the demand expected *then*, and nothing is released that is needed any time *until*
then. Demand seen now is always a floor: a forecast may raise the size, never lower it.
"""

from math import ceil

from scaler.capacity.queueing import busiest
from scaler.engine.settings import PredictiveParams
from scaler.engine.snapshot import Snapshot
from scaler.policies.recommendation import Facts, Recommendation

USUAL = 0.7  # utilization without an SLO to derive one from
HIGHEST_AUTO = 0.98  # beyond it two weeks of minutes hold too few cases to know the quantile


def recommend(params: PredictiveParams, snapshot: Snapshot) -> Recommendation | None:
    """The larger of the sizes for demand now and for demand forecast; None without either."""
    per_replica = snapshot.capacity.per_replica
    if not per_replica or snapshot.replicas is None:
        return None
    carried = per_replica * utilization(params, snapshot)
    reactive = _reactive(snapshot, carried)
    ahead = _ahead(params, snapshot, carried)
    if ahead is None:
        return reactive
    if reactive is None:
        return Recommendation("predictive", ahead[0], ahead[1], ahead[2], floor_only=True)
    if ahead[0] <= reactive.desired:
        return reactive
    return Recommendation("predictive", ahead[0], ahead[1], ahead[2])


def utilization(params: PredictiveParams, snapshot: Snapshot) -> float:
    """The share of `per_replica` to plan with: given, or what the SLO allows at this size."""
    if params.utilization is not None:
        return params.utilization
    if params.slo_target is None or snapshot.replicas is None:
        return USUAL
    servers = max(1, snapshot.replicas.ready) * snapshot.capacity.slots
    service = snapshot.capacity.service_time.total_seconds()
    return busiest(servers, service, params.slo_target.total_seconds())


def quantile(params: PredictiveParams) -> float:
    """The quantile to plan with; `auto` follows the SLO's objective."""
    return min(params.objective, HIGHEST_AUTO) if params.quantile is None else params.quantile


def _reactive(snapshot: Snapshot, carried: float) -> Recommendation | None:
    seen = snapshot.observation(snapshot.demand)
    if seen is None or seen.value is None or not seen.fresh(snapshot.at) or seen.value < 0:
        return None
    facts = (("demand", seen.value), ("carried", carried))
    return Recommendation("predictive", ceil(seen.value / carried), "predictive.now", facts)


def _ahead(
    params: PredictiveParams, snapshot: Snapshot, carried: float
) -> tuple[int, str, Facts] | None:
    """Size, reason and facts from the forecast; None when it does not reach the ready time."""
    forecast = snapshot.forecast
    if forecast is None or snapshot.replicas is None:
        return None
    level = quantile(params)
    ready_at = snapshot.at + min(snapshot.capacity.lead_time + forecast.step, params.horizon)
    then = forecast.at(ready_at, level)
    until = forecast.highest(level, snapshot.at, ready_at)
    if then is None or until is None:
        return None
    order = ceil(then / carried)
    keep = min(snapshot.replicas.current, ceil(until / carried))
    demand, reason = (then, "predictive.order") if order >= keep else (until, "predictive.keep")
    facts: Facts = (
        ("demand", demand),
        ("carried", carried),
        ("quantile_ratio", level),
        ("at", ready_at.isoformat()),
        ("model", forecast.model),
    )
    return max(order, keep), reason, facts
