"""Requests from the event loop → one thread that stores them, several with one commit.

While a commit waits for the disk others queue up; the next commit takes them all. So a hundred
small pushes a second cost a handful of commits, and the database sees one writer.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import close_old_connections, connections

from controlplane.metrics.ingest import Offer, Receipt, accept_all

MOST_TOGETHER = 32  # requests in one commit
IDLE_SECONDS = 30.0  # without work for this long the thread ends and closes its connection

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Job:
    work: Offer | Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]

    def resolve(self, outcome: Any) -> None:
        try:
            self.loop.call_soon_threadsafe(self._settle, outcome)
        except RuntimeError:
            # The loop was closed while we worked: nobody is left to hear of it.
            return

    def _settle(self, outcome: Any) -> None:
        if self.answer.done():
            return  # the sender went away
        if isinstance(outcome, Exception):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


class Writer:
    """Started by the first job, ends by itself when idle."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    async def store(self, offer: Offer) -> Receipt:
        """Store one request; raises what `ingest.accept` would."""
        receipt: Receipt = await self._submit(offer)
        return receipt

    async def call(self, work: Callable[[], T]) -> T:
        """Run `work` where the database may be used."""
        found: T = await self._submit(work)
        return found

    def stop(self) -> None:
        """End the thread once its queue is empty, and wait for it."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            thread.join()

    async def _submit(self, work: Offer | Callable[[], Any]) -> Any:
        loop = asyncio.get_running_loop()
        job = _Job(work, loop, loop.create_future())
        with self._lock:
            self._jobs.put(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
                self._thread.start()
        return await job.answer

    def _run(self) -> None:
        try:
            while self._round():
                pass
        finally:
            connections.close_all()

    def _round(self) -> bool:
        """Do what is waiting; False when the thread should end."""
        try:
            first = self._jobs.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            return self._stay()
        if first is None:
            return False
        jobs, going_on = self._gathered(first)
        _do(jobs)
        return going_on

    def _stay(self) -> bool:
        with self._lock:
            if self._jobs.empty():
                self._thread = None
                return False
            return True

    def _gathered(self, first: _Job) -> tuple[list[_Job], bool]:
        jobs = [first]
        while len(jobs) < MOST_TOGETHER:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return jobs, False
            jobs.append(job)
        return jobs, True


def _do(jobs: Sequence[_Job]) -> None:
    """Answer every job, whatever happens: a thread that ended here would leave all later ones
    waiting for ever.
    """
    try:
        close_old_connections()
        _do_calls(jobs)
        _do_stores(jobs)
    except Exception as error:  # noqa: BLE001 - becomes the answer of those that have none yet
        for job in jobs:
            job.resolve(error)


def _do_calls(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        if not isinstance(job.work, Offer):
            job.resolve(_called(job.work))


def _do_stores(jobs: Sequence[_Job]) -> None:
    stores = [(job, job.work) for job in jobs if isinstance(job.work, Offer)]
    if not stores:
        return
    outcomes: Sequence[Receipt | Exception] = accept_all([offer for _, offer in stores])
    for (job, _), outcome in zip(stores, outcomes, strict=True):
        job.resolve(outcome)


def _called(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - handed to the one who asked
        return error
