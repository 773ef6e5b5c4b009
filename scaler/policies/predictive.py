"""Demand now and demand forecast → replicas that will be ready when they are needed.

An order placed now serves from now + lead time + one step on, and a release acts at once. So the
order is for the demand expected *then*, and nothing is released that is needed any time *until*
then. Demand seen now is always a floor: a forecast may raise the size, never lower it.
"""

from datetime import datetime

from forecasting.forecast import Forecast

from scaler.capacity.sizing import fewest, needed, usable
from scaler.engine.settings import PredictiveParams
from scaler.engine.snapshot import Snapshot
from scaler.policies import evidence
from scaler.policies.recommendation import Facts, Recommendation, Silence, Voice

USUAL = 0.7  # utilization without an SLO to derive one from
LOWEST_AUTO = 0.5  # whatever the objective, what is as likely as not is planned for
HIGHEST_AUTO = 0.98  # beyond it two weeks of minutes hold too few cases to know the quantile
BELIEVED = 3.0  # times the highest demand on record; a forecast above is a fault (promises 7.4)


def recommend(params: PredictiveParams, snapshot: Snapshot) -> Recommendation | Silence:
    """The larger of the sizes for demand now and for demand forecast."""
    if not usable(snapshot.capacity.per_replica) or params.utilization == 0:
        return Silence("predictive", "capacity.unknown")
    seen = evidence.seen(snapshot, snapshot.demand, policy="predictive")
    ahead = _ahead(params, snapshot)
    if isinstance(seen, Silence):
        if ahead is None or ahead.voice is Voice.CALM:
            return seen
        reason = "predictive.unseen"
        return Recommendation("predictive", ahead.desired, reason, ahead.facts, Voice.FLOOR)
    desired, carried = _size(params, snapshot, seen.value)
    if ahead is not None and ahead.desired > desired:
        return Recommendation("predictive", ahead.desired, ahead.reason, ahead.facts)
    reason = "predictive.alone" if ahead is None else "predictive.now"
    facts: Facts = (("demand", seen.value), ("carried", carried), ("unit", seen.observation.unit))
    if ahead is not None and ahead.voice is Voice.CALM:
        reason, facts = ahead.reason, (*facts, *ahead.facts)
    return Recommendation("predictive", desired, reason, facts)


def quantile(params: PredictiveParams) -> float:
    """The quantile to plan with; `auto` follows the SLO's objective."""
    if params.quantile is not None:
        return params.quantile
    return min(max(params.objective, LOWEST_AUTO), HIGHEST_AUTO)


def _size(params: PredictiveParams, snapshot: Snapshot, load: float) -> tuple[int, float]:
    """Replicas for a load, and what each carries: as given, or as busy as the SLO allows."""
    capacity = snapshot.capacity
    per_replica = capacity.per_replica or 0.0
    if params.utilization is not None or params.slo_target is None:
        carried = per_replica * (USUAL if params.utilization is None else params.utilization)
        return needed(load, carried), carried
    return fewest(
        load,
        per_replica=per_replica,
        slots=capacity.slots,
        service_time=capacity.service_time.total_seconds(),
        limit=params.slo_target.total_seconds(),
    )


def _ahead(params: PredictiveParams, snapshot: Snapshot) -> Recommendation | None:
    """What the forecast asks for: a FLOOR, or CALM when it is not to be believed.

    None when there is no forecast of the time in question.
    """
    forecast = snapshot.forecast
    if forecast is None:
        return None
    level, served = quantile(params), _served(params, snapshot, forecast)
    then = forecast.at(served, level)
    highest = forecast.highest(level, snapshot.at, served)
    if then is None or highest is None:
        return None
    facts: Facts = (("at", served.isoformat()), ("model", forecast.model))
    if snapshot.peak is not None and highest > BELIEVED * snapshot.peak:
        facts = (*facts, ("ahead", highest), ("peak", snapshot.peak))
        return Recommendation("predictive", 0, "predictive.refused", facts, Voice.CALM)
    order, carried = _size(params, snapshot, then)
    keep, carried_until = _size(params, snapshot, highest)
    desired, demand, reason = order, then, "predictive.order"
    if order < min(snapshot.size().current, keep):
        desired, demand, reason = min(snapshot.size().current, keep), highest, "predictive.keep"
        carried = carried_until
    facts = (
        *facts,
        ("demand", demand),
        ("carried", carried),
        ("quantile_ratio", level),
        ("unit", _unit(snapshot)),
    )
    return Recommendation("predictive", desired, reason, facts, Voice.FLOOR)


def _served(params: PredictiveParams, snapshot: Snapshot, forecast: Forecast) -> datetime:
    """When an order placed now would serve, or the last instant that the forecast speaks of.

    What lies beyond that is best taken to be like it.
    """
    served = snapshot.at + min(snapshot.capacity.lead_time + forecast.step, params.horizon)
    return max(snapshot.at, min(served, forecast.end - forecast.step))


def _unit(snapshot: Snapshot) -> str:
    found = snapshot.observation(snapshot.demand)
    return "" if found is None else found.unit
