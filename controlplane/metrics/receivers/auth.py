"""`Authorization` header → whose samples these are, asked of the database every ten seconds."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic

from controlplane.accounts.roles import Scope
from controlplane.accounts.selectors import Caller, caller_of_token
from controlplane.common import clock
from controlplane.common.errors import Forbidden, Unauthenticated

REMEMBER = 10.0  # seconds; a revoked or expired token dies within this
_MOST = 10_000
_IN_URL = ("token", "access_token", "api_key", "authorization")


@dataclass(frozen=True, slots=True)
class Grant:
    """A token that was found good, and until when that is believed."""

    team: int
    may_ingest: bool
    until: float  # on the monotonic clock


class Tokens:
    """Remembers good tokens by the hash of their header; bad ones are asked about every time."""

    def __init__(self) -> None:
        self._grants: dict[bytes, Grant] = {}

    async def team(
        self, header: str, call: Callable[[Callable[[], Caller]], Awaitable[Caller]]
    ) -> int:
        """The token's team. `call` runs a function where the database may be used.

        Raises Unauthenticated, with one answer for unknown, revoked and expired tokens alike, and
        Forbidden when the token may not ingest.
        """
        key = hashlib.sha256(header.encode()).digest()
        grant = self._grants.get(key)
        if grant is None or grant.until < monotonic():
            self._grants.pop(key, None)
            caller = await call(lambda: caller_of_token(header, now=clock.now()))
            may = Scope.INGEST in caller.scopes
            grant = Grant(caller.team.pk, may, monotonic() + REMEMBER)
            if len(self._grants) >= _MOST:
                self._grants.clear()
            self._grants[key] = grant
        if not grant.may_ingest:
            raise Forbidden("auth.scope", f"This needs the scope {Scope.INGEST.value}.")
        return grant.team

    def forget(self) -> None:
        """Ask again for every token."""
        self._grants.clear()


def refuse_token_in_url(query: dict[str, list[str]]) -> None:
    """A token in a URL ends up in logs; it is refused so that the leak is noticed."""
    if any(name.lower() in _IN_URL for name in query):
        raise Unauthenticated(
            "auth.token_in_url", "Send the token in the Authorization header, and revoke this one."
        )
