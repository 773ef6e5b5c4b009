"""A workload and a span → the series, steps and forecasts that its charts are drawn from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db.models import F, Max, Min

from controlplane.dashboard.figures.capacity import Planned
from controlplane.dashboard.presenters.signals import PER_MILLION, Wanted, chosen
from controlplane.dashboard.ranges import Span
from controlplane.decisions.models import DecisionRecord
from controlplane.forecasts.models import ForecastRecord
from controlplane.metrics.catalogue.signals import describe, signals
from controlplane.metrics.models import SeriesRow
from controlplane.metrics.selectors import series_many
from controlplane.workloads.models import Pool, Workload
from controlplane.workloads.spec import Spec
from forecasting.forecast import Forecast
from forecasting.series import Series

READY: Wanted = ("infra.replicas.ready", None)
CURRENT: Wanted = ("infra.replicas.current", None)
USUAL_LOAD = 0.7  # the share of a replica that is planned with when no policy says otherwise
EARLIER = 40  # older forecasts drawn into the past
EARLIER_SPAN = timedelta(hours=26)
MOST_OWN = 12
CHART_AHEAD = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything read for one page. `end` is where the past ends: now, or the span's end."""

    demand: Series
    ready: Series
    current: Series
    layers: Mapping[str, tuple[Wanted, ...]]
    signals: Mapping[Wanted, Series]
    units: Mapping[str, str]
    desired: tuple[tuple[datetime, int], ...]
    forecast: ForecastRecord | None
    earlier: Series | None
    needed: Series | None
    planned: Planned | None
    end: datetime

    @property
    def empty(self) -> bool:
        """Nobody sent anything in the span; replicas that we count ourselves do not matter."""
        return all(series.missing.all() for series in self.signals.values())


def read(workload: Workload, span: Span, *, now: datetime) -> Reading:
    """Two passes over the store, three queries for decisions and forecasts."""
    spec, end = workload.spec, min(span.end, now)
    slo: Wanted | None = (spec.slo.signal, spec.slo.quantile) if spec.slo else None
    layers = chosen(slo, _own_business(workload))
    demand: Wanted = (spec.demand.signal, None)
    wanted = [demand, *(one for layer in layers.values() for one in layer)]
    area = (span.start, end)
    found = series_many(
        workload.team_id, wanted, any_of=workload.matchers, span=area, step=span.step()
    )
    replicas = series_many(
        workload.team_id,
        [READY, CURRENT],
        any_of=pools_of(workload),
        span=area,
        step=span.step(),
    )
    units = {signal: describe(signal).unit for signal, _quantile in wanted}
    per_million = cost_per_million(found)
    if per_million is not None:
        found[PER_MILLION] = per_million
        units[PER_MILLION[0]] = "{USD}"
    forecast = _newest_forecast(workload, now) if span.end >= now - CHART_AHEAD else None
    load = per_replica(spec)
    return Reading(
        demand=found[demand],
        ready=replicas[READY],
        current=replicas[CURRENT],
        layers=layers,
        signals=found,
        units=units,
        desired=desired_steps(workload, span.start, end, span.step()),
        forecast=forecast,
        earlier=earlier_forecasts(workload, found[demand]),
        needed=_needed(found[demand], load),
        planned=_planned(forecast.forecast if forecast else None, load),
        end=end,
    )


def cost_per_million(found: Mapping[Wanted, Series]) -> Series | None:
    """Cost an hour over tokens generated an hour, per million; None where either is not sent."""
    cost = found.get(("business.cost.rate", None))
    tokens = found.get(("business.tokens.output.rate", None))
    if cost is None or tokens is None or cost.missing.all() or tokens.missing.all():
        return None
    hourly = tokens.values * 3600 / 1e6
    values = np.full(hourly.size, np.nan)
    np.divide(cost.values, hourly, out=values, where=hourly > 1e-6)
    return Series(cost.start, cost.step, values)


def per_replica(spec: Spec) -> float | None:
    """Requests a second that a replica is planned to carry; None while its capacity is unknown."""
    if not spec.capacity.per_replica:
        return None
    shares = [
        policy.utilization
        for policy in spec.policies
        if policy.kind == "predictive" and policy.utilization is not None
    ]
    return spec.capacity.per_replica * (shares[0] if shares else USUAL_LOAD)


def _needed(demand: Series, load: float | None) -> Series | None:
    """Replicas that would have carried what came: known only afterwards."""
    if load is None:
        return None
    return Series(demand.start, demand.step, np.ceil(demand.values / load))


def _planned(forecast: Forecast | None, load: float | None) -> Planned | None:
    if forecast is None or load is None:
        return None
    median = forecast.path(0.5).values
    return Planned(forecast.origin, forecast.step, np.ceil(median / load))


def desired_steps(
    workload: Workload, start: datetime, end: datetime, step: timedelta
) -> tuple[tuple[datetime, int], ...]:
    """What decisions wanted, one value a step (the highest of it), in one query.

    Decisions that held the size are dropped from the log after two days; what was wanted then
    lasts until the next change.
    """
    bucket = max(1, round(step.total_seconds() * 1000))
    rows = (
        DecisionRecord.objects.filter(workload=workload, at__gte=start, at__lte=end)
        .values(slot=F("tick") / bucket)
        .annotate(since=Min("at"), size=Max("desired"))
        .order_by("slot")
        .values_list("since", "size")
    )
    steps = list(rows)
    return tuple(
        one for i, one in enumerate(steps) if i in {0, len(steps) - 1} or one[1] != steps[i - 1][1]
    )


def earlier_forecasts(workload: Workload, demand: Series) -> Series | None:
    """What forecasts said about the past, on the grid of what came; two queries.

    Each speaks from one lead time after its origin until the next one that was picked does. A
    longer past shows too little of it to be worth reading.
    """
    start, end = demand.start, demand.end
    if end - start > EARLIER_SPAN or not len(demand):
        return None
    lead = timedelta(seconds=max((pool.lead_seconds for pool in workload.pools.all()), default=300))
    rows = ForecastRecord.objects.filter(
        workload=workload, origin__gte=start - lead, origin__lte=end
    ).order_by("origin")
    picked = _spaced(rows.values_list("pk", "origin"), (end - start) / EARLIER)
    columns = ("origin", "step_seconds", "quantiles", "values")
    values = np.full(len(demand), np.nan)
    times = demand.times()
    for origin, step, quantiles, table in rows.filter(pk__in=picked).values_list(*columns):
        if 0.5 in quantiles:
            median = np.array([row[quantiles.index(0.5)] for row in table])
            ahead = times - origin.timestamp()
            slots = np.floor(ahead / step).astype(np.int64)
            speaks = (ahead >= lead.total_seconds()) & (slots < median.size)
            values[speaks] = median[slots[speaks]]
    return Series(start, demand.step, values)


def _spaced(rows: Iterable[tuple[int, datetime]], gap: timedelta) -> list[int]:
    """Ids at least `gap` apart."""
    picked: list[int] = []
    last: datetime | None = None
    for pk, origin in rows:
        if last is None or origin - last >= gap:
            picked.append(pk)
            last = origin
    return picked


def _newest_forecast(workload: Workload, now: datetime) -> ForecastRecord | None:
    """The newest forecast while it still says something about the future."""
    row = workload.forecasts.select_related("version").order_by("-origin").first()
    return row if row and row.forecast.end > now else None


def _own_business(workload: Workload) -> list[str]:
    """Business signals that the owner named themselves."""
    rows = SeriesRow.objects.filter(
        team_id=workload.team_id, signal__startswith="business.", labels__workload=workload.name
    )
    names = set(rows.values_list("signal", flat=True)[:200])
    return sorted(names - set(signals()))[:MOST_OWN]


def pools_of(workload: Workload) -> tuple[dict[str, str], ...]:
    """The replicas that we count ourselves, whatever else an exporter says about them."""
    pools: Iterable[Pool] = workload.pools.all()
    return tuple({"workload": workload.name, "pool": pool.name} for pool in pools)
