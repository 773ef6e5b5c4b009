"""The web process's address → an event that is set once GET /readyz answers 200."""

import http.client
import threading
import time
from contextlib import closing

POLL_SECONDS = 0.2


class Readiness:
    """Asks in a thread of its own, because a process that starts may answer late or never."""

    def __init__(self, host: str, port: int, *, host_header: str) -> None:
        self._host, self._port, self._header = host, port, host_header
        self._over = threading.Event()
        self.ready = False
        self.reason = "the web process does not answer yet"
        self._thread = threading.Thread(target=self._run, name="readiness", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._over.set()

    def _run(self) -> None:
        while not (self._over.is_set() or self.ready):
            self._ask()
            self._over.wait(POLL_SECONDS)

    def _ask(self) -> None:
        try:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=5)
            with closing(connection):
                connection.request("GET", "/readyz", headers={"Host": self._header})
                answer = connection.getresponse()
                body = answer.read(2000).decode("utf-8", "replace").strip()
        except (OSError, http.client.HTTPException):
            return
        self.ready = answer.status == 200
        self.reason = body or f"/readyz answers {answer.status}"


class Patience:
    """Says when it is time to report again that something is still awaited."""

    def __init__(self, first: float) -> None:
        self._wait, self._next = first, time.monotonic() + first

    def is_over(self) -> bool:
        """True once per interval; each interval is twice as long as the one before."""
        if time.monotonic() < self._next:
            return False
        self._wait *= 2
        self._next = time.monotonic() + self._wait
        return True
