"""SIGINT, SIGTERM, SIGHUP and SIGCHLD → a loop that wakes at once and knows when to stop."""

import contextlib
import os
import select
import signal
import time
from types import FrameType
from typing import Any, Self

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SAME_PRESS_SECONDS = 0.5  # one Ctrl-C may arrive twice: from the terminal and through make


class Stopper:
    """Context manager around the supervisor's life; the handlers only note what came."""

    def __init__(self) -> None:
        self.asked = 0  # how many separate times we were asked to stop
        self._last = float("-inf")
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._before: dict[signal.Signals, Any] = {}
        self._wakeup_before = -1

    def __enter__(self) -> Self:
        for number in STOPPING:
            self._before[number] = signal.signal(number, self._note)
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        self._wakeup_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_exc: object) -> None:
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if now - self._last >= SAME_PRESS_SECONDS:
            self.asked += 1
        self._last = now

    def wait(self, seconds: float) -> None:
        """Sleep at most `seconds`; any signal, a child's exit among them, ends it early."""
        select.select([self._read], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._read, 4096)
