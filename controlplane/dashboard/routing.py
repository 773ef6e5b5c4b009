"""Websocket paths → consumers."""

from typing import Any

from django.urls import path

from controlplane.dashboard.consumers import LiveConsumer

_live: Any = LiveConsumer.as_asgi()  # an ASGI application, which path() does not know
websocket_urlpatterns = [path("ws/live", _live)]
