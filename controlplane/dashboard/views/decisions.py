"""`/decisions` and `/decisions/<id>`: what was decided, and why, down to each number."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render

from controlplane.dashboard.presenters.inputs import inputs
from controlplane.dashboard.presenters.trail import trail
from controlplane.dashboard.ranges import needs_address, span_of
from controlplane.dashboard.selectors import decisions as selector
from controlplane.dashboard.selectors.decisions import Asked
from controlplane.dashboard.selectors.sentences import readable, spoken, worded
from controlplane.dashboard.visit import Visit, for_people
from controlplane.decisions.models import ActuationRecord
from controlplane.metrics.catalogue.signals import describe
from controlplane.workloads.models import Workload

WHICH = ("changed", "recommended", "held", "all")


@for_people()
def decisions(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The list, filtered by workload, by what came of it, and by time."""
    query = request.GET.dict()
    timed = bool(query.get("from") or query.get("to") or query.get("range"))
    span = span_of(query, now=visit.now, zone=visit.zone.info, usual="24h")
    if needs_address(query):
        kept = {name: query[name] for name in ("workload", "which") if query.get(name)}
        return redirect(f"{request.path}?{urlencode(kept)}&{span.absolute_query}")
    which = query.get("which", "changed")
    asked = Asked(
        workload=query.get("workload", "")[:63],
        which=which if which in WHICH else "changed",
        start=span.start if timed else None,
        end=span.end if timed else None,
        cursor=query.get("cursor", ""),
    )
    found, following = selector.listed(
        visit.team.pk, asked, language=visit.language, zone=visit.zone.info
    )
    names = Workload.objects.filter(team=visit.team).values_list("name", flat=True)
    around: dict[str, Any] = {
        "visit": visit,
        "asked": asked,
        "which": WHICH,
        "timed": timed,
        "span": span,
        "lines": found,
        "names": list(names),
        "following": urlencode({**_kept(query), "cursor": following}) if following else "",
        "local_start": f"{span.start.astimezone(visit.zone.info):%Y-%m-%dT%H:%M}",
        "local_end": f"{span.end.astimezone(visit.zone.info):%Y-%m-%dT%H:%M}",
    }
    return render(request, "dashboard/decisions.html", around)


def _kept(query: dict[str, str]) -> dict[str, str]:
    names = ("workload", "which", "from", "to", "range")
    return {name: query[name] for name in names if query.get(name)}


@for_people()
def decision(request: HttpRequest, visit: Visit, public_id: str) -> HttpResponse:
    """One decision as a waterfall that an angry operator can read."""
    row = selector.decision(visit.team.pk, public_id)
    decided = readable(row)
    before, after = selector.neighbours(row)
    snapshot = row.snapshot or {}
    signals = {str(seen.get("signal", "")) for seen in snapshot.get("observations") or ()}
    around = {
        "visit": visit,
        "row": row,
        "sentence": worded([row], language=visit.language, zone=visit.zone.info)[row.public_id],
        "trail": (
            trail(decided, language=spoken(visit.language), zone=visit.zone.info)
            if decided
            else None
        ),
        "inputs": inputs(snapshot, {name: describe(name).unit for name in signals}),
        "attempts": selector.attempts(row),
        "before": before,
        "after": after,
    }
    return render(request, "dashboard/decision.html", around)


@for_people(data=True)
def decision_json(_request: HttpRequest, visit: Visit, public_id: str) -> JsonResponse:
    """The same as the API's, for the team that the page shows."""
    row = selector.decision(visit.team.pk, public_id)
    words = worded([row], language="en", zone=visit.zone.info)
    return JsonResponse(
        {
            "id": row.public_id,
            "workload": row.workload.name,
            "at": row.at,
            "cause": row.cause,
            "mode": row.mode,
            "current": row.current,
            "desired": row.desired,
            "wanted": row.wanted,
            "binding": row.binding or None,
            "sentence": words[row.public_id],
            "forecast": row.forecast.public_id if row.forecast else None,
            "trail": row.trail,
            "snapshot": row.snapshot,
            "actuations": [_attempt(each) for each in selector.attempts(row)],
        },
        json_dumps_params={"indent": 2, "ensure_ascii": False},
    )


def _attempt(row: ActuationRecord) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "pool": row.pool.name,
        "before": row.before,
        "desired": row.desired,
        "state": row.state,
        "detail": row.detail,
        "created_at": row.created_at,
        "applied_at": row.applied_at,
        "finished_at": row.finished_at,
    }
