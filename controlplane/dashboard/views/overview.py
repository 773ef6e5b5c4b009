"""`/`: is anything wrong, what is coming, what does it save: one row per workload."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from controlplane.dashboard.commands import first_commands
from controlplane.dashboard.presenters import overview as presenter
from controlplane.dashboard.presenters.overview import Wanted
from controlplane.dashboard.selectors import fleet
from controlplane.dashboard.views.live import live_answer
from controlplane.dashboard.visit import Visit, for_people


@for_people()
def overview(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The page."""
    return render(request, "dashboard/overview.html", _context(request, visit))


@for_people(data=True)
def overview_live(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The parts of the page that change."""
    return live_answer(request, visit, "dashboard/overview_live.html", _context(request, visit))


def _context(request: HttpRequest, visit: Visit) -> dict[str, Any]:
    asked = presenter.wanted(request.GET.dict())
    seen = fleet.seen(visit.team.pk, now=visit.now, language=visit.language, zone=visit.zone.info)
    rows = [presenter.row(each, now=visit.now) for each in seen]
    return {
        "visit": visit,
        "asked": asked,
        "filters": presenter.FILTERS,
        "fleet": presenter.fleet(rows),
        "rows": presenter.arranged(rows, asked),
        "columns": _columns(asked),
        "names": {name: label for name, label, _sort, _title in _table()},
        "commands": first_commands(request, visit.team) if not rows else None,
    }


def _table() -> list[tuple[str, str, str, str]]:
    """(name, label, sort key, what the number is made of) of every column."""
    return [
        ("name", _("Workload"), "name", _("Its name and how far decisions go by themselves")),
        ("health", _("Health"), "health", _("Healthy, at risk (objective missed) or without data")),
        ("replicas", _("Now → wanted"), "replicas", _("Ready and starting → last decision")),
        ("bounds", _("Min–max"), "", _("The owner's limits")),
        ("latency", _("Latency / SLO"), "latency", _("The objective's signal and quantile")),
        ("queue", _("Queue"), "queue", _("Requests that wait, all replicas together")),
        ("gpu", _("GPU"), "gpu", _("Mean utilization of the accelerators")),
        ("forecast", _("Next 30 min"), "forecast", _("Median forecast against demand now")),
        ("cost", _("Cost/h"), "cost", _("Ready and starting replicas at their prices")),
        ("hour", _("Last hour"), "", _("Demand, one point a minute")),
        ("saved", _("Saved today"), "saved", _("Declared baseline minus what was paid")),
        ("last", _("Last change"), "changed", _("The newest decision that changed the size")),
    ]


_NUMERIC = {"replicas", "bounds", "latency", "queue", "gpu", "forecast", "cost", "saved"}


def _columns(asked: Wanted) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "title": title,
            "sort": sort,
            "numeric": name in _NUMERIC,
            "query": presenter.query(asked, sort) if sort else "",
        }
        for name, label, sort, title in _table()
    ]
