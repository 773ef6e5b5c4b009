"""A browser's end of a websocket, over ASGI messages.

Channels has one of its own, in a package that cannot be imported without the Daphne server.
"""

import asyncio
import json
from typing import Any

from asgiref.testing import ApplicationCommunicator


class Socket:
    """Connects, hears JSON, says text or bytes, and learns why it was closed."""

    def __init__(self, application: Any, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": b"",
            "headers": headers,
            "subprotocols": [],
        }
        communicator: Any = ApplicationCommunicator
        self._end = communicator(application, scope)

    async def connect(self) -> bool:
        """Whether the handshake was accepted."""
        await self._end.send_input({"type": "websocket.connect"})
        return bool((await self._end.receive_output(2))["type"] == "websocket.accept")

    async def hear(self, seconds: float = 2) -> dict[str, Any]:
        message = await self._end.receive_output(seconds)
        assert message["type"] == "websocket.send", message
        found: dict[str, Any] = json.loads(message["text"])
        return found

    async def silent(self, seconds: float = 0.05) -> bool:
        return bool(await self._end.receive_nothing(seconds))

    async def say(self, **content: Any) -> None:
        await self._end.send_input({"type": "websocket.receive", **content})

    async def closed(self) -> int:
        """The code of the close that comes next."""
        message = await self._end.receive_output(2)
        assert message["type"] == "websocket.close", message
        return int(message["code"])

    async def leave(self) -> None:
        """Close from the browser's side and wait until the server's end is done."""
        await self._end.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._end.wait(2)
        await asyncio.sleep(0)
