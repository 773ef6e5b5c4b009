"""Failed logins of the last minutes → how long the next try has to wait. Pure.

Kept in the web process's memory: a restart forgets them, which is no gain for somebody who guesses.
Nobody is locked out for good: after ten quiet minutes everything is forgotten.
"""

from collections import deque
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=10)
MOST = {"account": 10, "address": 30}
MOST_KEYS = 20_000
Key = tuple[str, str]  # (account or address, its name)


class Attempts:
    """What failed lately, by account and by address."""

    def __init__(self) -> None:
        self._failed: dict[Key, deque[datetime]] = {}

    def wait(self, keys: tuple[Key, ...], *, now: datetime) -> timedelta:
        """How long until another try is heard; zero when it is heard now."""
        return max((self._wait(key, now) for key in keys), default=timedelta(0))

    def failed(self, keys: tuple[Key, ...], *, now: datetime) -> None:
        """Remember a failure. With very many names at once the oldest are forgotten."""
        for key in keys:
            self._failed.setdefault(key, deque(maxlen=MOST[key[0]])).append(now)
        while len(self._failed) > MOST_KEYS:
            del self._failed[next(iter(self._failed))]

    def succeeded(self, key: Key) -> None:
        """A right password clears the account, not the address."""
        self._failed.pop(key, None)

    def _wait(self, key: Key, now: datetime) -> timedelta:
        times = self._failed.get(key)
        if times is None:
            return timedelta(0)
        while times and now - times[0] >= WINDOW:
            times.popleft()
        if not times:
            del self._failed[key]
        full = len(times) >= MOST[key[0]]
        return times[0] + WINDOW - now if full else timedelta(0)
