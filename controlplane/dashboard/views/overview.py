"""`/`: is anything wrong, what is coming, what does it save: one row per workload."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from controlplane.dashboard.commands import first_commands
from controlplane.dashboard.presenters import overview as presenter
from controlplane.dashboard.presenters.overview import Row, Wanted
from controlplane.dashboard.presenters.quantities import ABSENT, count, digits, money
from controlplane.dashboard.selectors import fleet
from controlplane.dashboard.views.live import live_answer
from controlplane.dashboard.visit import Visit, for_people
from controlplane.dashboard.wording import word


@for_people()
def overview(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The page."""
    return render(request, "dashboard/overview.html", _context(request, visit))


@for_people(data=True)
def overview_live(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The parts of the page that change."""
    context = _context(request, visit)
    # A long table is read again less often: at 200 workloads every two seconds.
    refresh = max(1.0, len(context["rows"]) / 100)
    template = "dashboard/overview_live.html"
    return live_answer(request, visit, template, context, refresh=refresh)


def _context(request: HttpRequest, visit: Visit) -> dict[str, Any]:
    asked = presenter.wanted(request.GET.dict())
    seen = fleet.seen(visit.team.pk, now=visit.now, language=visit.language, zone=visit.zone.info)
    rows = [presenter.row(each, now=visit.now) for each in seen]
    return {
        "visit": visit,
        "asked": asked,
        "filters": presenter.FILTERS,
        "fleet": presenter.fleet(rows),
        "rows": [(row, _said(row)) for row in presenter.arranged(rows, asked)],
        "tips": {
            "forecast": _("Median demand at the end of the horizon against demand now"),
            "pending": _("baseline pending"),
            "unchanged": _("no change yet"),
        },
        "paths": {"workload": _below("workload"), "decision": _below("decision")},
        "columns": _columns(asked),
        "names": {name: label for name, label, _sort, _title in _table()},
        "commands": first_commands(request, visit.team) if not rows else None,
    }


def _below(name: str) -> str:
    """The address above a page's own name: two hundred rows do not resolve it again."""
    return reverse(name, args=["x"]).removesuffix("x")


def _said(row: Row) -> dict[str, str]:
    """The words of one row; put together here, because templates take ten times as long."""
    held = ""
    if row.wish and row.wish.held:
        held = _("held: %(what)s") % {"what": word("guardrail", row.wish.binding)}
    elif row.pending:
        held = _("%(n)s starting") % {"n": row.pending}
    mode = word("mode", row.mode)
    return {
        "mode": f"{mode} · {_('held by a person')}" if row.pinned_until else mode,
        "replicas": _(
            "%(ready)s ready, %(pending)s starting; %(desired)s wanted by the last decision"
        )
        % {"ready": count(row.ready), "pending": count(row.pending), "desired": count(row.desired)},
        "held": held,
        "latency": f"{row.slo_signal} p{row.quantile * 100:g}",
        "demand": _("Demand of the last hour; now %(demand)s/s")
        % {"demand": ABSENT if row.demand is None else digits(row.demand)},
        "saved": _compared(row),
    }


def _compared(row: Row) -> str:
    """What the saved amount is made of."""
    saved = row.saved
    if saved is None or saved.saved is None:
        return ""
    parts = {
        "base": money(saved.baseline, saved.currency),
        "paid": money(saved.compared, saved.currency),
    }
    return _("%(base)s baseline − %(paid)s paid") % parts


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
