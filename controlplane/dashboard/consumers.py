"""A logged-in browser → ids of what changed in its team; nothing a browser says is obeyed."""

import asyncio
import json
from collections import Counter
from contextlib import suppress
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from controlplane.common import instruments
from controlplane.common.pulse import group_name
from controlplane.dashboard.sessions import access

LEAST_GAP_SECONDS = 1.0
CHECK_SECONDS = 10.0
MOST_CHANGES = 40  # a message stays below 4 KB; with more the page is told to look at everything
MOST_BYTES = 1024  # of anything a browser sends
MOST_SOCKETS = 20  # of one person in one process
NOT_LOGGED_IN, NOT_ALLOWED, TOO_MANY, POLICY, TOO_BIG = 4401, 4403, 4429, 1008, 1009
_open: Counter[int] = Counter()


class LiveConsumer(AsyncWebsocketConsumer):
    """Pushes `{"seq": n, "changes": [[topic, ref], …], "all": false}`, at most one a second.

    The session is looked at again every ten seconds: who has logged out or lost the team is cut
    off. A page that misses a number, or reconnects, reads its state again.
    """

    gap = LEAST_GAP_SECONDS
    check = CHECK_SECONDS

    async def connect(self) -> None:
        """Refused before the handshake ends for anybody without a session and a team."""
        self.user, self.group, self.seq = 0, "", 0
        self.pending: dict[tuple[str, str], None] = {}
        self.ready = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []
        found = await database_sync_to_async(access)(self._session_key())
        if found.user is None or found.team is None:
            await self.close()
            return
        await self.accept()
        if _open[found.user] >= MOST_SOCKETS:
            await self.close(TOO_MANY)
            return
        self.user, self.group = found.user, group_name(found.team)
        _open[self.user] += 1
        instruments.live_connections.inc()
        await self.channel_layer.group_add(self.group, self.channel_name)
        self.tasks = [asyncio.create_task(self._flush()), asyncio.create_task(self._watch())]

    async def disconnect(self, code: int) -> None:
        """Leave no task and no membership behind."""
        for task in self.tasks:
            task.cancel()
            if task is not asyncio.current_task():
                with suppress(asyncio.CancelledError):
                    await task
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)
            instruments.live_connections.dec()
            _open[self.user] -= 1
            if _open[self.user] <= 0:
                del _open[self.user]

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **_kwargs: Any
    ) -> None:
        """A browser has nothing to say here; whoever says much is cut off."""
        if bytes_data is not None:
            await self.close(POLICY)
        elif len(text_data or "") > MOST_BYTES:
            await self.close(TOO_BIG)

    async def pulse_event(self, message: dict[str, Any]) -> None:
        """One pulse of the team: remembered until the next message goes out."""
        event = message["event"]
        self.pending[(str(event["topic"]), str(event["ref"]))] = None
        self.ready.set()

    async def _flush(self) -> None:
        """The first change goes out at once, later ones together, one message a second."""
        while True:
            await self.ready.wait()
            self.ready.clear()
            changes, self.pending = list(self.pending), {}
            self.seq += 1
            many = len(changes) > MOST_CHANGES
            body = {"seq": self.seq, "changes": [] if many else changes, "all": many}
            await self.send(json.dumps(body))
            await asyncio.sleep(self.gap)

    async def _watch(self) -> None:
        """Close when the person logged out or looks at another team."""
        while True:
            await asyncio.sleep(self.check)
            found = await database_sync_to_async(access)(self._session_key())
            if found.user is None:
                await self.close(NOT_LOGGED_IN)
                return
            if found.team is None or group_name(found.team) != self.group:
                await self.close(NOT_ALLOWED)
                return

    def _session_key(self) -> str | None:
        session = self.scope.get("session")
        return session.session_key if session is not None else None
