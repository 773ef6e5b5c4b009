"""An ASGI app → the same app for bodies of bounded size.

Django writes a body of any size to disk before a view may look at its length; a client that sends
without end would fill the disk.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson

# Plain mappings: the servers' and Django's types for the same messages do not agree.
Scope = Any
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

MOST_BYTES = 2 * 1024 * 1024  # forms and documents; Django refuses JSON over 1 MiB by itself


class TooMuch(Exception):
    """The body grew over the limit."""


def limited(app: App, most: int = MOST_BYTES) -> App:
    """`app`, or 413 for a body that says it is too large, or turns out to be."""

    async def bounded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _declared(scope) > most:
            await _refuse(send)
            return
        seen = 0

        async def counted() -> Any:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise TooMuch
            return message

        try:
            await app(scope, counted, send)
        except TooMuch:
            await _refuse(send)

    return bounded


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


async def _refuse(send: Send) -> None:
    body = orjson.dumps(
        {
            "type": "urn:tidewise:problem:body.too_large",
            "title": "The request is too large",
            "status": 413,
            "code": "body.too_large",
            "detail": f"A body may have {MOST_BYTES // 1024**2} MiB here.",
            "errors": [],
            "request_id": "",
        }
    )
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
