"""Mounts the pages, the API and the health endpoints."""

from django.urls import include, path

handler500 = "controlplane.dashboard.views.errors.failed"
urlpatterns = [
    path("", include("controlplane.api.urls")),
    path("", include("controlplane.dashboard.urls")),
]
