"""An ASGI request's body → bytes, within limits that hold before and after inflating."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

from controlplane.common.errors import InvalidInput, TooLarge
from controlplane.metrics.receivers.answers import Slow

Receive = Callable[[], Awaitable[dict[str, Any]]]

LIMIT = 16 * 1024 * 1024
SECONDS = 30.0
_GZIP = 16 + zlib.MAX_WBITS


class Disconnected(Exception):
    """The sender closed the connection in the middle of the body."""


async def read_body(receive: Receive, *, length: str | None) -> bytes:
    """The whole body. Raises TooLarge (from the announced length, before reading), Slow,
    InvalidInput when fewer or more bytes came than announced, Disconnected.
    """
    announced = _announced(length)
    try:
        async with asyncio.timeout(SECONDS):
            body = await _gather(receive)
    except TimeoutError as error:
        raise Slow("body.timeout", "Send the body within 30 seconds.") from error
    if announced is not None and announced != len(body):
        raise InvalidInput("body.length", "The body is not as long as Content-Length says.")
    return body


def _announced(length: str | None) -> int | None:
    if length is None:
        return None
    if not (length.isascii() and length.isdigit() and len(length) < 20):
        raise InvalidInput("body.length", "Content-Length must be a number.")
    if int(length) > LIMIT:
        raise _too_large()
    return int(length)


async def _gather(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LIMIT:
            raise _too_large()
        if not message.get("more_body", False):
            return b"".join(parts)


def _too_large() -> TooLarge:
    return TooLarge("body.too_large", f"A body may have {LIMIT} bytes; send smaller batches.")


def gunzipped(body: bytes) -> bytes:
    """One gzip member, nothing after it. Raises TooLarge, InvalidInput `encoding.corrupt`."""
    stream = zlib.decompressobj(_GZIP)
    try:
        inflated = stream.decompress(body, LIMIT + 1)
    except zlib.error as error:
        raise InvalidInput("encoding.corrupt", "The body is not valid gzip.") from error
    if len(inflated) > LIMIT:
        raise TooLarge("body.inflated_too_large", f"Inflated, a body may have {LIMIT} bytes.")
    if not stream.eof or stream.unused_data:
        raise InvalidInput("encoding.corrupt", "The gzip body is cut short or has a tail.")
    return inflated
