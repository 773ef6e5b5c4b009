"""`Authorization` header → whose samples these are, asked of the database every ten seconds."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic

from controlplane.accounts.roles import Scope
from controlplane.accounts.selectors import Caller, caller_of_token
from controlplane.common import clock
from controlplane.common.errors import Forbidden, Overloaded, Unauthenticated

REMEMBER = 10.0  # seconds; a revoked or expired token dies within this
MOST_ASKED = 16  # tokens that wait for the database's word on them
_MOST = 10_000
_IN_URL = ("token", "access_token", "api_key", "authorization")

Answer = tuple[
    float, Caller
]  # when, on the monotonic clock, the row was looked at, and what it said
Call = Callable[[Callable[[], Answer]], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Grant:
    """A token that was found good, and until when that is believed."""

    team: int
    may_ingest: bool
    until: float  # on the monotonic clock


class Tokens:
    """Remembers good tokens by the hash of their header; bad ones are asked about every time.

    Questions go through the one thread that also stores samples, so only a few may wait there: a
    flood of made-up tokens must not stand in the way of those that are known. Requests that come
    with the same token at once share one question. Used from one event loop at a time.
    """

    def __init__(self) -> None:
        self._grants: dict[bytes, Grant] = {}
        self._asked: dict[bytes, asyncio.Task[Grant]] = {}

    async def team(self, header: str, call: Call) -> int:
        """The token's team. `call` runs a function where the database may be used.

        Raises Unauthenticated, with one answer for unknown, revoked and expired tokens alike,
        Forbidden when the token may not ingest, and Overloaded.
        """
        key = hashlib.sha256(header.encode()).digest()
        grant = self._grants.get(key)
        if grant is None or grant.until < monotonic():
            self._grants.pop(key, None)
            grant = await self._ask(key, header, call)
        if not grant.may_ingest:
            raise Forbidden("auth.scope", f"This needs the scope {Scope.INGEST.value}.")
        return grant.team

    async def _ask(self, key: bytes, header: str, call: Call) -> Grant:
        task = self._asked.get(key)
        if task is None:
            if len(self._asked) >= MOST_ASKED:
                raise Overloaded("auth.busy", "Too many unknown tokens at once; send this again.")
            task = asyncio.get_running_loop().create_task(self._learn(key, header, call))
            self._asked[key] = task
            task.add_done_callback(lambda done: self._answered(key, done))
        return await asyncio.shield(task)

    def _answered(self, key: bytes, task: "asyncio.Task[Grant]") -> None:
        if self._asked.get(key) is task:
            del self._asked[key]
        if not task.cancelled():
            task.exception()  # every asker may be gone by now; then nobody else looks at it

    async def _learn(self, key: bytes, header: str, call: Call) -> Grant:
        # Ten seconds from the look at the row, however long the answer takes to come back.
        asked_at, caller = await call(
            lambda: (monotonic(), caller_of_token(header, now=clock.now()))
        )
        grant = Grant(caller.team.pk, Scope.INGEST in caller.scopes, asked_at + REMEMBER)
        if len(self._grants) >= _MOST:
            self._grants.clear()
        self._grants[key] = grant
        return grant

    def forget(self) -> None:
        """Ask again for every token."""
        self._grants.clear()
        self._asked.clear()


def refuse_token_in_url(query: dict[str, list[str]]) -> None:
    """A token in a URL ends up in logs; it is refused so that the leak is noticed."""
    if any(name.lower() in _IN_URL for name in query):
        raise Unauthenticated(
            "auth.token_in_url", "Send the token in the Authorization header, and revoke this one."
        )
