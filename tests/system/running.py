"""A data directory and a port → `manage.py up` as a real process, with every process it started."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90.0  # generous: the machine may be busy with other tests
CLEARED = ("DATABASE_URL", "BROKER_URL", "PUBLIC_URL", "ALLOWED_HOSTS", "HOST", "PORT", "TRACE")
_LINK = re.compile(r"(https?://\S+)/login/(\S+)")

# The name of a process of ours → words that its command line contains.
MARKS = {
    "broker": ("valkey-server",),
    "web": ("supervisor.web",),
    "worker": ("celery", "cycle,actuate"),
    "forecast": ("celery", "-Q forecast"),
    "beat": ("celery", " beat "),
}


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: Callable[[], bool], *, seconds: float, why: str) -> float:
    """Seconds until `what` held; fails with `why` when it never does."""
    began = time.monotonic()
    while not what():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"after {seconds:g} s still not: {why}")
        time.sleep(0.05)
    return time.monotonic() - began


class Running:
    """`manage.py up` in its own session; leaving the context stops it in the harshest way."""

    def __init__(self, data_dir: Path, *arguments: str, port: int = 0, **settings: str) -> None:
        self.data_dir, self.port = data_dir, port or free_port()
        inherited = {name: value for name, value in os.environ.items() if name not in CLEARED}
        self.environment = {**inherited, **settings, "DATA_DIR": str(data_dir)}
        self._arguments = arguments
        self.lines: list[str] = []

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(self.port), *self._arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def __exit__(self, *_exc: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        for process in self.processes():
            # Another installation may work on the same data: only our own session is ended.
            with suppress(psutil.Error, ProcessLookupError):
                if os.getsid(process.pid) == self.process.pid:
                    process.kill()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def login_link(self) -> str | None:
        """The one-time link, once it was printed."""
        found = _LINK.search(self.output)
        return found.group(0) if found else None

    def wait_until_announced(self, *, seconds: float = START_SECONDS) -> float:
        """Seconds from now until the login link was shown."""

        def announced() -> bool:
            assert self.process.poll() is None, f"up ended by itself:\n{self.output}"
            return self.login_link() is not None

        return wait_for(announced, seconds=seconds, why=f"announced; it said:\n{self.output}")

    def processes(self) -> list[psutil.Process]:
        """Every process that works on our data directory, `up` itself included."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        """By its environment; by its title for the broker, which writes one over it."""
        with suppress(psutil.Error):
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                return False
            title = " ".join(process.cmdline())
            in_title = f"unixsocket:{self.data_dir}/" in title
            return in_title or process.environ().get("DATA_DIR") == str(self.data_dir)
        return False

    def find(self, name: str) -> psutil.Process | None:
        """The oldest running process of that name: pool processes look like their parent."""
        matching = []
        for process in self.processes():
            with suppress(psutil.Error):
                line = " ".join(process.cmdline())
                if all(word in line for word in MARKS[name]):
                    matching.append((process.create_time(), process.pid, process))
        return min(matching)[2] if matching else None

    def get(self, path: str, *, timeout: float = 5) -> tuple[int, str]:
        """Status and body of a GET; status 0 when nobody answers."""
        try:
            with urllib.request.urlopen(  # noqa: S310 - our own http URL
                f"{self.url}{path}", timeout=timeout
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def interrupt(self, *, seconds: float = 20) -> int:
        """Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(seconds)
