"""The `/api/v1` tree, its document and the health endpoints."""

from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_GET
from ninja import NinjaAPI

from controlplane.api import errors, health
from controlplane.api.auth import Bearer, Session
from controlplane.api.ingest_docs import with_ingest
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
)
errors.install(api)
api.add_router("/workloads", workloads.router)
for part in (decisions, forecasts, metrics, savings, accounts):
    api.add_router("", part.router)


def openapi() -> dict[str, Any]:
    """The whole description: Ninja's own routes and the raw ingest routes beside Django."""
    return with_ingest(dict(api.get_openapi_schema()))


def openapi_json(_request: HttpRequest) -> HttpResponse:
    """`/api/v1/openapi.json`."""
    return HttpResponse(orjson.dumps(openapi()), content_type="application/json")


def docs(request: HttpRequest) -> HttpResponse:
    """`/api/v1/docs`."""
    return docs_page(openapi(), request)


urlpatterns = [
    path("api/v1/openapi.json", require_GET(openapi_json), name="openapi"),
    path("api/v1/docs", require_GET(docs), name="api-docs"),
    path("api/v1/", api.urls),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
