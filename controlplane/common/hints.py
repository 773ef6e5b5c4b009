"""A task's name and a row's id → a message to a worker, sent beside the request and never in it.

A hint is lossy: the row is the truth and the next tick finds what a lost hint left behind. Equal
hints that wait together are sent once, which is also what debounces a burst of fresh samples.
"""

import os
import threading
from functools import cache

import structlog

from controlplane.celery import app
from controlplane.common.broker import Urgency, priority

log = structlog.get_logger(__name__)
DEBOUNCE_SECONDS = 0.25
MOST_WAITING = 10_000


class _Publisher:
    """A set of waiting hints and one thread that empties it."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, tuple[int | str, ...]], Urgency] = {}
        self._ready = threading.Condition()
        threading.Thread(target=self._run, name="hints", daemon=True).start()

    def put(self, task: str, args: tuple[int | str, ...], urgency: Urgency) -> None:
        with self._ready:
            if len(self._waiting) < MOST_WAITING:
                self._waiting[(task, args)] = urgency
                self._ready.notify()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            with self._ready:
                while not self._waiting:
                    self._ready.wait()
            pause.wait(DEBOUNCE_SECONDS)
            with self._ready:
                batch, self._waiting = self._waiting, {}
            for (task, args), urgency in batch.items():
                self._send(task, args, urgency)

    def _send(self, task: str, args: tuple[int | str, ...], urgency: Urgency) -> None:
        try:
            app.send_task(task, args=args, priority=priority(urgency), expires=60)
        except Exception:  # noqa: BLE001 - a lost hint costs one tick; the loop must live on
            log.warning("hint.lost", task=task)


@cache
def _publisher(_pid: int) -> _Publisher:
    return _Publisher()


def hint(task: str, *args: int | str, urgency: Urgency = Urgency.NORMAL) -> None:
    """Ask a worker to run `task` soon. Never blocks, never raises."""
    _publisher(os.getpid()).put(task, args, urgency)
