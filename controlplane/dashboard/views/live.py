"""A page's changing parts → one JSON answer that its script puts in place."""

from collections.abc import Mapping
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from controlplane.dashboard.templatetags.frame import frame
from controlplane.dashboard.visit import Visit, for_people

FRAME_PARTS = ("partials/rail_workloads.html", "partials/banners.html", "partials/pause_all.html")


@for_people(data=True)
def frame_live(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The frame alone, for pages that have nothing else that moves."""
    return live_answer(request, visit, "", {}, refresh=5.0)


def live_answer(
    request: HttpRequest,
    visit: Visit,
    template: str,
    context: Mapping[str, Any],
    *,
    figures: Mapping[str, Any] | None = None,
    refresh: float = 1.0,
) -> HttpResponse:
    """HTML whose top-level elements replace those of the same id, and new figures.

    `refresh` is the least time in seconds until asking again can show anything new.
    """
    around = {**context, "visit": visit, "frame": frame({"request": request})}
    html = "".join(
        render_to_string(name, around, request=request)
        for name in (*FRAME_PARTS, *([template] if template else []))
    )
    body = {
        "html": html,
        "figures": figures or {},
        "refresh": refresh,
    }
    return HttpResponse(orjson.dumps(body), content_type="application/json")
