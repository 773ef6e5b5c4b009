"""`/workloads/<name>`: pain first, then cause, then what was done."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from controlplane.dashboard.commands import base_url, point_command
from controlplane.dashboard.figures.demand import outer_band, percent
from controlplane.dashboard.figures.events import clustered
from controlplane.dashboard.presenters import workload as presenter
from controlplane.dashboard.presenters.signals import EXPECTED, View, Wanted, marks, panels
from controlplane.dashboard.ranges import PRESETS, Span, needs_address, span_of
from controlplane.dashboard.selectors import charts, events
from controlplane.dashboard.selectors import workload as selector
from controlplane.dashboard.selectors.charts import Reading
from controlplane.dashboard.views import drawings
from controlplane.dashboard.views.live import live_answer
from controlplane.dashboard.visit import Visit, draws, for_people
from controlplane.dashboard.wording import signal_name, signal_text
from controlplane.workloads.models import Workload
from controlplane.workloads.selectors import workload as find

PANEL_WIDTH = 280.0


@draws
@for_people()
def workload(request: HttpRequest, visit: Visit, name: str) -> HttpResponse:
    """The page. An address without a zone is made absolute first, so that it can be shared."""
    row = find(visit.team.pk, name)
    span = span_of(request.GET.dict(), now=visit.now, zone=visit.zone.info)
    if needs_address(request.GET.dict()):
        return redirect(f"{request.path}?{span.absolute_query}")
    return render(request, "dashboard/workload.html", context(request, visit, row, span)[0])


@for_people(data=True)
def workload_live(request: HttpRequest, visit: Visit, name: str) -> HttpResponse:
    """Everything on the page that changes, figures included, from one reading."""
    row = find(visit.team.pk, name)
    span = span_of(request.GET.dict(), now=visit.now, zone=visit.zone.info)
    around, figures = context(request, visit, row, span)
    around |= {"live": True, "open": request.GET.get("open", "").split(",")}
    return live_answer(
        request,
        visit,
        "dashboard/workload_live.html",
        around,
        figures=figures,
        refresh=span.refresh.total_seconds(),
    )


def context(
    request: HttpRequest, visit: Visit, row: Workload, span: Span
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What templates show, and the figures."""
    state = selector.state(row, now=visit.now, language=visit.language, zone=visit.zone.info)
    reading = charts.read(row, span, now=visit.now)
    happened = events.events(row, span.start, reading.end)
    head = state.row
    window = presenter.window(
        span, now=visit.now, offset=drawings.offset_of(visit, min(span.end, visit.now))
    )
    lead = timedelta(seconds=max((pool.lead_seconds for pool in row.pools.all()), default=0.0))
    forecast = reading.forecast.forecast if reading.forecast else None
    band = outer_band(forecast) if forecast else (0.05, 0.95)
    view = View(span.start, reading.end, visit.language, head.health == "stale")
    clusters = clustered(happened, start=span.start, end=reading.end, width=PANEL_WIDTH)
    every = request.GET.get("show") == "all"
    found = {
        "visit": visit,
        "workload": row,
        "span": span,
        "presets": PRESETS,
        "head": head,
        "state": state,
        "ready_in": presenter.ready_in(head.next_at, visit.now),
        "reading": reading,
        "forecast": reading.forecast,
        "forecast_end": presenter.summary(forecast.path(0.5)) if forecast else None,
        "band": percent(band),
        "lead": lead,
        "unit": reading.units[drawings.demand_signal(reading)],
        "demand_summary": presenter.summary(reading.demand),
        "ready_summary": presenter.summary(reading.ready),
        "demand_rows": presenter.demand_rows(reading.demand, forecast, band),
        "capacity_rows": presenter.capacity_rows(reading.ready, reading.desired, reading.needed),
        "legend": drawings.legend(),
        "layers": _layers(row, reading, view, visit),
        "marks": marks(clusters, span.start, reading.end),
        "happened": len(happened),
        "every": every,
        "decisions": selector.decisions(
            row, span, language=visit.language, zone=visit.zone.info, every=every
        ),
        "surge_until": (
            state.demo.surge_until if state.demo and state.demo.surging(visit.now) else None
        ),
        "champion_scores": (
            presenter.champion_scores(state.champion.name, state.champion.scores)
            if state.champion
            else None
        ),
        "span_ms": (_ms(span.start), _ms(reading.end)),
        "earlier": span.moved(-0.5),
        "later": span.moved(0.5),
        "local_start": _local(span.start, visit),
        "local_end": _local(span.end, visit),
        "first_command": point_command(
            base_url(request), signal=drawings.demand_signal(reading), workload=row.name
        ),
        "modes": ("off", "recommend", "auto"),
    }
    figures = drawings.figures(
        request, visit, reading, happened, window=window, head=head, lead=lead
    )
    return found, figures


def _local(moment: datetime, visit: Visit) -> str:
    """What a datetime-local field holds."""
    return f"{moment.astimezone(visit.zone.info):%Y-%m-%dT%H:%M}"


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _layers(row: Workload, reading: Reading, view: View, visit: Visit) -> list[dict[str, Any]]:
    """The four layers in their order, each with its panels, or with what is missing."""
    slo = row.spec.slo
    bounds: dict[Wanted, float] = {}
    if slo is not None:
        bounds[slo.signal, slo.quantile] = slo.target.total_seconds()
    found = []
    for layer, wanted in reading.layers.items():
        shown = [
            {
                "panel": each,
                "title": signal_name(each.signal, each.quantile),
                "about": signal_text(each.signal, visit.language),
            }
            for each in panels(wanted, reading.signals, reading.units, view, bounds)
        ]
        missing = "" if shown else EXPECTED[layer]
        found.append({"layer": layer, "panels": shown, "missing": missing})
    return found
