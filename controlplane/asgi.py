"""One ASGI tree: hot ingest routes beside Django, pages and API in it, websockets after login."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings")
django_app = get_asgi_application()  # before anything below imports a model

from controlplane.api.limit import limited  # noqa: E402
from controlplane.common.pulse import start_bridge  # noqa: E402
from controlplane.dashboard.routing import websocket_urlpatterns  # noqa: E402
from controlplane.metrics.receivers.http import ROUTES, ingest_app  # noqa: E402

# Plain mappings: the servers' and Channels' types for the same messages do not agree.
Scope = Any
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

websockets = AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))
_tree = ProtocolTypeRouter({"http": limited(django_app), "websocket": websockets})


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Ingest goes straight to its own small app: Django's path costs it 1.5 ms a request."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http" and scope["path"] in ROUTES:
        await ingest_app(scope, receive, send)
    else:
        await _tree(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    """Start the pulse bridge with the process and stop it with the process."""
    stop = threading.Event()
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            start_bridge(asyncio.get_running_loop(), stop)
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            stop.set()
            await send({"type": "lifespan.shutdown.complete"})
            return
