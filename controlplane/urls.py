"""Mounts the pages, the API and the health endpoints."""

from django.urls import include, path

urlpatterns = [
    path("", include("controlplane.api.urls")),
    path("", include("controlplane.dashboard.urls")),
]
