"""What was read of a workload → its two large figures, in the reader's words and colours."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from controlplane.dashboard.figures.axes import Figure, Window
from controlplane.dashboard.figures.capacity import Capacity, capacity_figure
from controlplane.dashboard.figures.demand import Demand, demand_figure
from controlplane.dashboard.figures.events import Event, clustered
from controlplane.dashboard.figures.palette import LIGHT, PALETTES, Palette
from controlplane.dashboard.presenters.overview import Row
from controlplane.dashboard.presenters.quantities import duration, unit_word
from controlplane.dashboard.selectors.charts import Reading
from controlplane.dashboard.visit import Visit

USUAL_WIDTH = 900.0  # of the plot area, when the page does not say


def figures(
    request: HttpRequest,
    visit: Visit,
    reading: Reading,
    happened: Sequence[Event],
    *,
    window: Window,
    head: Row,
    lead: timedelta,
) -> dict[str, Figure]:
    """`theme` and `width` of the query say how they will be seen."""
    palette = palette_of(request)
    clusters = clustered(happened, start=window.start, end=window.end, width=width_of(request))
    demand = Demand(
        actual=reading.demand,
        forecast=reading.forecast.forecast if reading.forecast else None,
        now=visit.now,
        lead=lead,
        earlier=reading.earlier,
        stale=head.health == "stale",
    )
    capacity = Capacity(
        ready=reading.ready,
        desired=reading.desired,
        needed=reading.needed,
        planned=reading.planned,
        minimum=head.minimum,
        maximum=head.maximum,
        now=visit.now,
    )
    unit = unit_word(reading.units.get(demand_signal(reading), "")) or "1"
    return {
        "demand": demand_figure(
            demand, window=window, palette=palette, words=_demand_words(unit, lead, visit.language)
        ),
        "capacity": capacity_figure(
            capacity, clusters, window=window, palette=palette, words=_capacity_words()
        ),
    }


def demand_signal(reading: Reading) -> str:
    """The signal of the first series asked for: what the workload's demand is measured by."""
    return next(iter(reading.signals))[0]


def palette_of(request: HttpRequest) -> Palette:
    return PALETTES.get(request.GET.get("theme", ""), LIGHT)


def width_of(request: HttpRequest) -> float:
    """The plot's width in pixels as the page measured it, within reason."""
    asked = request.GET.get("width", "")
    return min(max(float(asked), 200.0), 4000.0) if asked.isdecimal() else USUAL_WIDTH


def _demand_words(unit: str, lead: timedelta, language: str) -> dict[str, str]:
    return {
        "actual": _("actual"),
        "median": _("median forecast"),
        "earlier": _("forecast then"),
        "now": _("now"),
        "unit": unit,
        "lead": _("lead time %(time)s") % {"time": duration(lead.total_seconds(), language)},
    }


def _capacity_words() -> dict[str, str]:
    return {
        "ready": _("ready"),
        "desired": _("wanted"),
        "needed": _("needed, seen afterwards"),
        "planned": _("needed by the median forecast"),
        "min": _("minimum"),
        "max": _("maximum"),
        "unit": _("replicas"),
    }


def offset_of(visit: Visit, moment: datetime) -> timedelta:
    """How far the reader's clock is from UTC at a moment."""
    return moment.astimezone(visit.zone.info).utcoffset() or timedelta(0)


def legend() -> dict[str, list[dict[str, Any]]]:
    """Names beside line samples, in the order of the drawing."""
    return {
        "demand": [
            {"word": _("actual"), "mark": "s1", "dash": ""},
            {"word": _("median forecast"), "mark": "sf", "dash": "5 3"},
            {"word": _("forecast then"), "mark": "sf", "dash": "1 2"},
        ],
        "capacity": [
            {"word": _("ready"), "mark": "s1", "dash": ""},
            {"word": _("wanted"), "mark": "s2", "dash": "5 3"},
            {"word": _("needed, seen afterwards"), "mark": "sm", "dash": "1 2"},
            {"word": _("needed by the median forecast"), "mark": "sf", "dash": "5 3"},
            {"word": _("minimum, maximum"), "mark": "sm", "dash": "6 2 1 2"},
        ],
    }
