"""A process's output → a log file of bounded size, and its warnings on the console."""

import contextlib
import re
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

_CALM = re.compile(
    rb"\[(debug|info) *\]|\"level\": ?\"(debug|info)\"|^(DEBUG|INFO)\b"
    rb"|: (DEBUG|INFO)/|^worker: (Warm|Cold|Soft) shutdown",
    re.I,
)
_LOUD = re.compile(
    rb"\[(warning|error|critical) *\]|\"level\": ?\"(warning|error|critical)\""
    rb"|^(WARNING|ERROR|CRITICAL)\b|: (WARNING|ERROR|CRITICAL)/|^Traceback",
    re.I,
)
CAP_BYTES = 5 * 1024 * 1024  # a file and its predecessor: at most twice this per process


class CappedLog:
    """Appends lines to `path`; at `cap` bytes the file becomes `path.1` and a new one begins."""

    def __init__(self, path: Path, *, cap: int = CAP_BYTES) -> None:
        self._path, self._cap = path, cap
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab")

    def write(self, line: bytes) -> None:
        if self._file.tell() + len(line) > self._cap:
            self._file.close()
            self._path.replace(self._path.with_name(self._path.name + ".1"))
            self._file = self._path.open("ab")
        self._file.write(line)
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class Loudness:
    """Remembers the last record's level, so that a traceback goes where its record went."""

    def __init__(self) -> None:
        self._loud = True  # what an interpreter says before logging is set up is a fault

    def is_loud(self, line: bytes) -> bool:
        """Whether the line belongs on the console: a warning or worse, or its continuation."""
        head = line[:200]
        if not head.strip():
            return False
        if _LOUD.search(head):
            self._loud = True
        elif _CALM.search(head):
            self._loud = False
        return self._loud


def pump(lines: Iterable[bytes], log: CappedLog, show: Callable[[str], None] | None) -> None:
    """Copy `lines` to `log`, and the loud ones to `show`, until the process closes its output."""
    loudness = Loudness()
    for line in lines:
        # A full disk may cost log lines, but it must never block the process that writes them.
        with contextlib.suppress(OSError, ValueError):
            log.write(line)
        if show is not None and loudness.is_loud(line):
            show(line.decode("utf-8", "replace").rstrip("\n"))
    with contextlib.suppress(OSError):
        log.close()


def start_pump(
    stream: IO[bytes], path: Path, show: Callable[[str], None] | None
) -> threading.Thread:
    """A daemon thread that pumps `stream` into the log at `path`."""
    thread = threading.Thread(
        target=pump, args=(stream, CappedLog(path), show), name=f"log-{path.stem}", daemon=True
    )
    thread.start()
    return thread
