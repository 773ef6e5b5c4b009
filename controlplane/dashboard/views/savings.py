"""`/savings`: a number that finance can check."""

from datetime import datetime, timedelta
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from controlplane.dashboard.figures.savings import savings_figure
from controlplane.dashboard.presenters import savings as presenter
from controlplane.dashboard.presenters.ledger import totals
from controlplane.dashboard.presenters.savings import PERIODS, USUAL, Price
from controlplane.dashboard.selectors import ledger
from controlplane.dashboard.views.csv import csv_answer
from controlplane.dashboard.views.drawings import palette_of
from controlplane.dashboard.visit import Visit, draws, for_people
from controlplane.workloads.models import Workload


@draws
@for_people()
def savings(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Totals per currency, per workload, per day, with the formula and the prices."""
    return render(request, "dashboard/savings.html", _context(request, visit))


@for_people(data=True)
def savings_figure_json(request: HttpRequest, visit: Visit) -> HttpResponse:
    """One figure a currency."""
    context = _context(request, visit)
    words = {"paid": _("paid"), "baseline": _("baseline")}
    figures = {
        total.currency: savings_figure(
            presenter.drawn_days(context["days"], total.currency),
            period=(_start(request, visit).date(), visit.now.astimezone(visit.zone.info).date()),
            palette=palette_of(request),
            words={**words, "currency": total.currency},
        )
        for total in context["totals"]
    }
    return HttpResponse(
        orjson.dumps({"html": "", "figures": figures, "refresh": 60}),
        content_type="application/json",
    )


@for_people()
def savings_csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A line a day and workload, as exact as the ledger."""
    start = _start(request, visit)
    entries = ledger.by_day(visit.team.pk, start, visit.now, visit.zone.info)
    header = ("day", "workload", "currency", "replica_hours", "cost", "baseline_cost", "saved")
    rows = (
        (
            day.isoformat(),
            sums.workload,
            sums.currency,
            str(sums.replica_hours),
            str(sums.cost),
            "" if sums.baseline is None else str(sums.baseline),
            "" if sums.baseline is None or sums.compared is None
            else format(sums.baseline - sums.compared, "f"),
        )
        for day, sums in entries
    )  # fmt: skip
    return csv_answer("savings", header, rows)


def _context(request: HttpRequest, visit: Visit) -> dict[str, Any]:
    entries = ledger.by_day(visit.team.pk, _start(request, visit), visit.now, visit.zone.info)
    rows = presenter.from_days(entries)
    return {
        "visit": visit,
        "period": _period(request),
        "periods": PERIODS,
        "rows": rows,
        "totals": totals(rows),
        "days": presenter.day_rows(entries),
        "prices": _prices(visit),
    }


def _period(request: HttpRequest) -> str:
    asked = request.GET.get("period", USUAL)
    return asked if asked in PERIODS else USUAL


def _start(request: HttpRequest, visit: Visit) -> datetime:
    """The midnight, in the reader's zone, on which the period's first day began."""
    days = PERIODS[_period(request)]
    today = ledger.midnight(visit.now, visit.zone.info)
    return ledger.midnight(today - timedelta(days=days - 1) + timedelta(hours=2), visit.zone.info)


def _prices(visit: Visit) -> list[Price]:
    """Every pool's price and its workload's baseline, from the owner's documents."""
    rows = Workload.objects.filter(team=visit.team).prefetch_related("pools")
    found = []
    for row in rows:
        declared = row.document["spec"].get("baseline") or {}
        found += [
            Price(
                row.name,
                pool.name,
                pool.price,
                pool.currency,
                declared.get("replicas"),
                declared.get("kind", "static-peak"),
            )
            for pool in row.pools.all()
        ]
    return found
