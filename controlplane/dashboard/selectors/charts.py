"""A workload and a span → the series, steps and forecasts that its charts are drawn from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db.models import F, Max, Min

from controlplane.dashboard.figures.capacity import Planned
from controlplane.dashboard.presenters.signals import Wanted, chosen
from controlplane.dashboard.ranges import Span
from controlplane.decisions.models import DecisionRecord
from controlplane.forecasts.models import ForecastRecord
from controlplane.metrics.catalogue.signals import describe
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
    earlier: tuple[tuple[datetime, float], ...]
    needed: Series | None
    planned: Planned | None
    end: datetime

    @property
    def empty(self) -> bool:
        """Nothing at all was measured in the span."""
        return all(series.missing.all() for series in (self.demand, self.ready, *self._all()))

    def _all(self) -> Iterable[Series]:
        return self.signals.values()


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
    forecast = _newest_forecast(workload, now) if span.end >= now - CHART_AHEAD else None
    load = per_replica(spec)
    return Reading(
        demand=found[demand],
        ready=replicas[READY],
        current=replicas[CURRENT],
        layers=layers,
        signals=found,
        units={signal: describe(signal).unit for signal, _quantile in wanted},
        desired=desired_steps(workload, span.start, end, span.step()),
        forecast=forecast,
        earlier=earlier_forecasts(workload, span.start, end),
        needed=_needed(found[demand], load),
        planned=_planned(forecast.forecast if forecast else None, load),
        end=end,
    )


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


def earlier_forecasts(
    workload: Workload, start: datetime, end: datetime
) -> tuple[tuple[datetime, float], ...]:
    """What forecasts said about the past, each from one lead time ahead on; one or two queries."""
    lead = timedelta(seconds=max((pool.lead_seconds for pool in workload.pools.all()), default=300))
    gap = (end - start) / EARLIER
    rows = ForecastRecord.objects.filter(
        workload=workload, origin__gte=start - lead, origin__lte=end
    ).order_by("origin")
    chosen_ids, last = [], None
    for pk, origin in rows.values_list("pk", "origin"):
        if last is None or origin - last >= gap:
            chosen_ids.append(pk)
            last = origin
    found = ForecastRecord.objects.filter(pk__in=chosen_ids).order_by("origin")
    return _joined([row.forecast for row in found], lead, end)


def _joined(
    forecasts: list[Forecast], lead: timedelta, end: datetime
) -> tuple[tuple[datetime, float], ...]:
    """Each forecast speaks from its lead time until the next one does."""
    points: list[tuple[datetime, float]] = []
    for i, forecast in enumerate(forecasts):
        following = forecasts[i + 1].origin if i + 1 < len(forecasts) else end
        at = forecast.origin + lead
        until = min(max(following + lead, at + forecast.step), forecast.end, end)
        while at < until:
            value = forecast.at(at, 0.5)
            if value is not None:
                points.append((at, value))
            at += max(forecast.step, timedelta(minutes=1))
    return tuple(points)


def _newest_forecast(workload: Workload, now: datetime) -> ForecastRecord | None:
    """The newest forecast while it still says something about the future."""
    row = workload.forecasts.select_related("version").order_by("-origin").first()
    return row if row and row.forecast.end > now else None


def _own_business(workload: Workload) -> list[str]:
    """Business signals that the owner named themselves."""
    rows = SeriesRow.objects.filter(
        team_id=workload.team_id, signal__startswith="business.", labels__workload=workload.name
    )
    return sorted(set(rows.values_list("signal", flat=True)[:200]))[:MOST_OWN]


MOST_OWN = 12


def pools_of(workload: Workload) -> tuple[dict[str, str], ...]:
    """The replicas that we count ourselves, whatever else an exporter says about them."""
    pools: Iterable[Pool] = workload.pools.all()
    return tuple({"workload": workload.name, "pool": pool.name} for pool in pools)
