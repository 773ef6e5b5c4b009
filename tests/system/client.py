"""A running installation and a token → the few requests that tests and benchmarks send."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

from tests.controlplane.metrics.prompb import page
from tests.system.running import ROOT, Running


def manage(up: Running, *words: str) -> str:
    """What a management command of that installation printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=up.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{words} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()


class Client:
    """Pushes samples and reads the API; raises OSError when nobody answers."""

    def __init__(self, up: Running, *scopes: str) -> None:
        self._url = up.url
        wanted = [word for scope in scopes for word in ("--scope", scope)]
        self._token = manage(up, "create_token", "test", *wanted)

    def push(self, signal: str, workload: str, value: float, *, at_ms: int | None = None) -> None:
        """One point by JSON; returns when it was accepted for good."""
        point: dict[str, Any] = {"signal": signal, "workload": workload, "value": value}
        if at_ms is not None:
            point["timestamp"] = at_ms
        self.send("/api/v1/ingest", json.dumps({"points": [point]}).encode())

    def write(self, metric: str, workload: str, value: float) -> None:
        """One sample by remote-write under a vendor's own name, stamped now."""
        labels = {"__name__": metric, "workload": workload}
        body = page([(labels, [(round(time.time() * 1000), value)])])
        self.send("/api/v1/write", body, media="application/x-protobuf", encoding="snappy")

    def get(self, path: str) -> Any:
        """The JSON answer of a GET."""
        return json.loads(self.send(path))

    def items(self, path: str) -> list[dict[str, Any]]:
        """Every item of a list, page after page."""
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            more = f"&cursor={cursor}" if cursor else ""
            answer = self.get(f"{path}{more}")
            found += answer["items"]
            cursor = answer["next"]
        return found

    def send(
        self,
        path: str,
        body: bytes | None = None,
        *,
        media: str = "application/json",
        encoding: str = "",
    ) -> bytes:
        """The body of the answer; raises AssertionError with it when the answer is an error."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": media}
        if encoding:
            headers["Content-Encoding"] = encoding
        request = urllib.request.Request(self._url + path, data=body, headers=headers)  # noqa: S310 - our own http URL
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - as above
                content: bytes = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{path}: {error.code} {error.read()!r}") from error
        return content
