"""The `/api/v1` tree, its document and the health endpoints."""

from django.conf import settings
from django.urls import path
from ninja import NinjaAPI

from controlplane.api import errors, health
from controlplane.api.auth import Bearer, Session
from controlplane.api.views import accounts, decisions, forecasts, metrics, savings, workloads

api = NinjaAPI(
    title="Tidewise",
    version="1",
    description="Observability and autoscaling control plane for large-model inference services.",
    urls_namespace="api",
    openapi_url="/openapi.json",
    docs_url=None,
    auth=[Bearer(), Session(settings.SESSION_COOKIE_NAME)],
)
errors.install(api)
api.add_router("/workloads", workloads.router)
for part in (decisions, forecasts, metrics, savings, accounts):
    api.add_router("", part.router)

urlpatterns = [
    path("api/v1/", api.urls),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
