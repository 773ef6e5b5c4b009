"""Remote-write of 10,000 vLLM-shaped series → what a sample costs in time, space and reading.

Usage: python -m tests.bench.ingest [--rounds 400] [--series 10000]

Everything goes through a real installation (`manage.py up`: token, label index, window, limits,
log, compaction, live updates), its web process held to one core. VictoriaMetrics and Prometheus
get the same requests where their programs are installed. Figures of one run are for comparing
with each other, never with those of another machine or another hour.
"""

import argparse
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import psutil

from tests.bench.load import Sender, rounds, series
from tests.bench.neighbours import Neighbour, neighbours
from tests.system.client import manage
from tests.system.running import ROOT, Running

SPAN_MS = 50 * 60_000  # all requests' samples lie in it: older than an hour is too late
REQUEST = 2000  # samples
WARM = 10  # requests before the clock starts: new series are another matter
COMPACT = """
from time import process_time
from django.utils.timezone import now
from controlplane.metrics.ingest import store
began = process_time()
store.compact(now=now(), force=True)
print(process_time() - began)
"""
BACKFILL = """
from django.utils.timezone import now
from controlplane.accounts.models import Team
from controlplane.metrics.ingest import Run, backfill
from tests.bench.load import past
at = now()
runs = [Run("business." + name, labels, *points) for name, labels, points in past(at.timestamp())]
backfill(Team.objects.get().pk, runs, now=at)
"""


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the result


class Cpu:
    """Processor seconds that some processes used since the last look."""

    def __init__(self, processes: Sequence[psutil.Process]) -> None:
        self._processes = processes
        self._before = self._now()

    def _now(self) -> float:
        return sum(sum(one.cpu_times()[:2]) for one in self._processes)

    def used(self) -> float:
        now = self._now()
        used, self._before = now - self._before, now
        return used


def measured(
    name: str,
    sender: Sender,
    bodies: Sequence[bytes],
    cpu: Cpu,
    *,
    later: Callable[[], float],
) -> tuple[float, float]:
    """(processor seconds a million samples, requests a second at full load).

    `later` waits for the work that a product puts off, and returns the seconds it took.
    """
    sender.send(bodies[:WARM])
    cpu.used()
    began = time.perf_counter()
    taken = sender.send(bodies[WARM:])
    seconds, used = time.perf_counter() - began, cpu.used()
    speed, taking = len(taken) / seconds, used / (len(taken) * REQUEST / 1e6)
    cost = taking + later() / (len(bodies) * REQUEST / 1e6)
    say(
        f"{name}: {taking:.2f} CPU s to take a million samples, {cost:.2f} with what is"
        f" put off, {speed * REQUEST:,.0f} samples/s on 5 connections"
    )
    return cost, speed


def percentiles(taken: Sequence[float]) -> str:
    ordered = sorted(taken)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.9, 0.99)]
    values = (median(ordered), *at, ordered[-1])
    words = zip(("p50", "p90", "p99", "max"), values, strict=True)
    return ", ".join(f"{word} {1000 * value:.1f} ms" for word, value in words)


def timed(work: Callable[[], object], times: int = 9) -> float:
    """Milliseconds of the median of some calls after a first one."""
    work()
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - began))
    return median(found)


def fetch(url: str, token: str = "") -> int:
    """Bytes of the answer. Reading the JSON in them is the reader's time, and not a store's."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - our own http URL
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
        return len(answer.read())


def shell(up: Running, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", code],
        cwd=ROOT,
        env=up.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def tidewise(folder: Path, bodies: Sequence[bytes]) -> tuple[float, list[float]]:
    """All figures of an installation of ours; its cost of a million samples and read times."""
    with Running(folder) as up:
        up.wait_until_announced()
        web = up.find("web")
        assert web is not None
        web.cpu_affinity([0])
        token = manage(up, "create_token", "bench", "--scope", "ingest:write", "--scope", "read")
        sender = Sender(f"{up.url}/api/v1/write", {"Authorization": f"Bearer {token}"})
        quarter = len(bodies) // 4
        first, later = bodies[:quarter], bodies[quarter:]
        rest = Cpu([one for one in up.processes() if one.pid != web.pid])
        _calm(rest)

        # Compacted by one process alone: the worker's own, at the same time, would do it twice.
        workers = [one for one in up.processes() if "celery" in " ".join(one.cmdline())]
        for one in workers:
            one.suspend()
        cost, speed = measured(
            "Tidewise", sender, first, Cpu([web]), later=lambda: float(shell(up, COMPACT))
        )
        for one in workers:
            one.resume()
        rest.used()
        taken = sender.send(later, per_second=speed / 2)
        say(
            f"Tidewise, at half of that load, compaction included: {percentiles(taken)};"
            f" the other processes used {rest.used():.1f} CPU s meanwhile"
        )
        sender.close()
        shell(up, COMPACT)
        _size(folder)
        shell(up, BACKFILL)
        reads = [timed(partial(fetch, url, token)) for url in _questions(up.url)]
        say(_read("Tidewise", reads))
    return cost, reads


def _calm(cpu: Cpu) -> None:
    """Workers that have just started still load their libraries."""
    for _ in range(60):
        time.sleep(1)
        if cpu.used() < 0.1:
            return


def _size(folder: Path) -> None:
    """Bytes a sample once everything is out of the log; the newest chunk of a series is not packed
    while it grows, so full ones are counted by themselves.
    """
    with sqlite3.connect(folder / "tidewise.sqlite3") as base:
        full, held, rows, payload = base.execute(
            "SELECT 1.0 * sum(length(payload) * (count >= 240)) / sum(count * (count >= 240)),"
            " sum(count), count(*), sum(length(payload)) FROM metrics_chunk"
        ).fetchone()
        (pages,) = base.execute(
            "SELECT sum(pgsize) FROM dbstat"
            " WHERE name LIKE 'metrics_chunk%' OR name = 'chunk_by_time'"
        ).fetchone()
    say(
        f"Tidewise, stored: {full:.2f} B a sample in full chunks, {payload / held:.2f} B in all,"
        f" {pages / held:.2f} B with rows and indexes ({held:,} samples in {rows:,} chunks)"
    )


def _questions(base: str) -> list[str]:
    end = time.time()
    return [
        f"{base}/api/v1/series?signal=business.{name}&step={step}"
        f"&start={_moment(end - 3600 * hours)}&end={_moment(end)}"
        for name, hours, step in (("week", 168, 60), ("hour", 1, 15))
    ]


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def _read(name: str, reads: Sequence[float]) -> str:
    return (
        f"{name}, reading: 7 days of one series {reads[0]:.0f} ms,"
        f" 1 hour of 1,000 series {reads[1]:.0f} ms"
    )


def compare(other: Neighbour, bodies: Sequence[bytes], ours: tuple[float, list[float]]) -> None:
    """The same requests, and where it can take the past the same questions, to another product."""
    cost, reads = ours
    with other:
        process = psutil.Process(other.pid)
        cpu = Cpu([process])

        def settled() -> float:
            time.sleep(15)  # it flushes and merges behind our back
            return cpu.used()

        sender = Sender(other.write_url, {})
        first = bodies[: len(bodies) // 4]
        theirs, _ = measured(other.name, sender, first, cpu, later=settled)
        say(f"Tidewise against {other.name}: {theirs / cost:.2f} × its CPU efficiency")
        if other.takes_the_past:
            sender.send(other.past_bodies())
            sender.close()
            time.sleep(2)  # its own delay until new samples are found
            taken = [timed(partial(fetch, url)) for url in other.questions()]
            say(_read(other.name, taken))
            say(
                f"Tidewise against {other.name}: {reads[0] / taken[0]:.2f} × its time for a week,"
                f" {reads[1] / taken[1]:.2f} × for an hour of a thousand"
            )


def main() -> None:
    """Build the requests once, give them to every product, print figures and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--series", type=int, default=10_000)
    asked = parser.parse_args()
    step = min(15_000, SPAN_MS // asked.rounds)
    start = round(time.time() * 1000) - asked.rounds * step
    walks = series(asked.series)
    bodies = list(rounds(walks, start_ms=start, step_ms=step, count=asked.rounds))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = tidewise(folder / "tidewise", bodies)
        for other in neighbours(folder):
            compare(other, bodies, ours)


if __name__ == "__main__":
    main()
