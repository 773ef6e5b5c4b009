"""A fault of ours → a page, or JSON for a script, that names the request and admits no more."""

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.views.decorators.http import require_GET


def failed(request: HttpRequest) -> HttpResponse:
    """Everything that could fail again is left out: no session, no rows, no style sheet of ours."""
    found = str(structlog.contextvars.get_contextvars().get("request_id", ""))
    if "application/json" in request.headers.get("Accept", ""):
        body = {"code": "internal", "detail": "", "request_id": found}
        return JsonResponse(body, status=500)
    return HttpResponse(render_to_string("500.html", {"request_id": found}), status=500)


@require_GET
def favicon(_request: HttpRequest) -> HttpResponse:
    """Where browsers look when a page (JSON, a download) names no icon."""
    return HttpResponse(status=301, headers={"Location": static("dashboard/favicon.svg")})
