"""The `/api/v1` tree, its document and the health endpoints."""

from functools import cache
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path
from django.views.decorators.http import require_safe
from ninja import NinjaAPI

from controlplane.api import errors, health
from controlplane.api.auth import Bearer, Session
from controlplane.api.body import StrictParser
from controlplane.api.openapi import complete
from controlplane.api.routes import polite, strict_query
from controlplane.api.views import accounts, decisions, forecasts, metrics, savings, workloads
from controlplane.api.views.docs import docs_page

api = NinjaAPI(
    title="Tidewise",
    version="1",
    description="Observability and autoscaling control plane for large-model inference services.",
    urls_namespace="api",
    openapi_url=None,
    docs_url=None,
    auth=[Bearer(), Session(settings.SESSION_COOKIE_NAME)],
    parser=StrictParser(),
)
errors.install(api)
api.add_decorator(strict_query)
api.add_router("/workloads", workloads.router)
for part in (decisions, forecasts, metrics, savings, accounts):
    api.add_router("", part.router)


@cache
def openapi() -> dict[str, Any]:
    """The whole description: Ninja's own routes and those beside them."""
    return complete(dict(api.get_openapi_schema()))


@require_safe
def openapi_json(_request: HttpRequest) -> HttpResponse:
    """`/api/v1/openapi.json`."""
    return HttpResponse(orjson.dumps(openapi()), content_type="application/json")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """`/api/v1/docs`."""
    return docs_page(openapi(), request)


def _unknown(request: HttpRequest, **_rest: str) -> HttpResponse:
    return errors.no_route(request)


_patterns, _app_name, _namespace = api.urls
urlpatterns = [
    path("api/v1/openapi.json", openapi_json, name="openapi"),
    path("api/v1/docs", docs, name="api-docs"),
    path("api/v1/", (polite(_patterns), _app_name, _namespace)),
    re_path(r"^api/(?P<rest>.*)$", _unknown),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
