"""An ASGI request's body → bytes, within limits that hold before and after inflating.

One body is bounded, and so are all of them together: five hundred senders that each let 16 MiB
drip would otherwise fill the memory of the process that everybody's samples go through.
"""

import asyncio
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from controlplane.common.errors import InvalidInput, Overloaded, TooLarge
from controlplane.metrics.receivers.answers import Slow

Receive = Callable[[], Awaitable[dict[str, Any]]]

LIMIT = 16 * 1024 * 1024
SECONDS = 30.0
ROOM = 64 * 1024 * 1024  # for all bodies that wait for their end or for their turn
SHARE = ROOM // 2  # of it for one team
_GZIP = 16 + zlib.MAX_WBITS


class Disconnected(Exception):
    """The sender closed the connection in the middle of the body."""


class Room:
    """The memory for bodies, counted in bytes by team. Used from one event loop."""

    def __init__(self) -> None:
        self._held: Counter[int] = Counter()

    @property
    def held(self) -> int:
        return self._held.total()

    @contextmanager
    def guest(self, team: int) -> Iterator[Callable[[int], None]]:
        """What it yields is called with each piece's length; all is given back at the end.

        It raises Overloaded when there is no room for the piece.
        """
        taken = 0

        def grow(size: int) -> None:
            nonlocal taken
            if self.held + size > ROOM or self._held[team] + size > SHARE:
                raise Overloaded("ingest.busy", "Too many bytes at once; send this again.")
            self._held[team] += size
            taken += size

        try:
            yield grow
        finally:
            self._held[team] -= taken
            if not self._held[team]:
                del self._held[team]


async def read_body(receive: Receive, *, length: str | None, grow: Callable[[int], None]) -> bytes:
    """The whole body; `grow` hears of each piece before it is kept.

    Raises TooLarge (from the announced length, before reading), Slow, InvalidInput when fewer or
    more bytes came than announced, Disconnected, and what `grow` raises.
    """
    announced = _announced(length)
    try:
        async with asyncio.timeout(SECONDS):
            body = await _gather(receive, grow)
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


async def _gather(receive: Receive, grow: Callable[[int], None]) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part = message.get("body", b"")
        size += len(part)
        if size > LIMIT:
            raise _too_large()
        grow(len(part))
        parts.append(part)
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
