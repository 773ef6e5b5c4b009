"""Remote-write of 10,000 vLLM-shaped series → what a sample costs in time, space and reading.

Usage: python -m tests.bench.ingest [--rounds 120] [--series 10000]

Everything goes through a real installation (`manage.py up`: token, label index, window, limits,
log, compaction, live updates), its web process held to one core. VictoriaMetrics and Prometheus
get the same requests where their programs are installed. Figures of one run are for comparing
with each other, never with those of another machine or another hour.
"""

import argparse
import json
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
from typing import Any

import psutil

from tests.bench.load import Sender, rounds, series
from tests.bench.neighbours import Neighbour, neighbours
from tests.system.client import manage
from tests.system.running import ROOT, Running

STEP_MS = 15_000
REQUEST = 2000  # samples
COMPACT = """
from django.utils.timezone import now
from controlplane.metrics.ingest import store
store.compact(now=now(), force=True)
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
    name: str, sender: Sender, bodies: Sequence[bytes], cpu: Cpu, *, warm: int
) -> tuple[float, float]:
    """(processor seconds a million samples, requests a second at full load)."""
    sender.send(bodies[:warm])
    cpu.used()
    began = time.perf_counter()
    taken = sender.send(bodies[warm:])
    seconds, used = time.perf_counter() - began, cpu.used()
    cost, speed = used / (len(taken) * REQUEST) * 1e6, len(taken) / seconds
    say(
        f"{name}: {cost:.2f} CPU s a million samples,"
        f" {speed * REQUEST:,.0f} samples/s on 5 connections"
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


def fetch(url: str, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - our own http URL
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
        return json.load(answer)


def shell(up: Running, code: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", code],
        cwd=ROOT,
        env=up.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def tidewise(folder: Path, bodies: Sequence[bytes], warm: int) -> tuple[float, list[float]]:
    """All figures of an installation of ours; its cost of a million samples and read times."""
    with Running(folder) as up:
        up.wait_until_announced()
        web = up.find("web")
        assert web is not None
        web.cpu_affinity([0])
        token = manage(up, "create_token", "bench", "--scope", "ingest:write", "--scope", "read")
        sender = Sender(f"{up.url}/api/v1/write", {"Authorization": f"Bearer {token}"})
        half = len(bodies) // 2
        cost, speed = measured(
            "Tidewise, web process", sender, bodies[:half], Cpu([web]), warm=warm
        )
        rest = Cpu([one for one in up.processes() if one.pid != web.pid])
        taken = sender.send(bodies[half:], per_second=speed / 2)
        say(
            f"Tidewise, at half of that load: {percentiles(taken)};"
            f" the other processes used {rest.used():.1f} CPU s meanwhile"
        )
        sender.close()
        shell(up, COMPACT)
        _size(folder)
        shell(up, BACKFILL)
        reads = [timed(partial(fetch, url, token)) for url in _questions(up.url)]
        say(_read("Tidewise", reads))
    return cost, reads


def _size(folder: Path) -> None:
    """Bytes a sample once everything is out of the log."""
    with sqlite3.connect(folder / "tidewise.sqlite3") as base:
        held, rows, payload = base.execute(
            "SELECT sum(count), count(*), sum(length(payload)) FROM metrics_chunk"
        ).fetchone()
        (pages,) = base.execute(
            "SELECT sum(pgsize) FROM dbstat"
            " WHERE name LIKE 'metrics_chunk%' OR name = 'chunk_by_time'"
        ).fetchone()
    say(
        f"Tidewise, stored: {payload / held:.2f} B a sample in payloads, {pages / held:.2f} B with"
        f" rows and indexes ({held:,} samples in {rows:,} chunks)"
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


def compare(
    other: Neighbour, bodies: Sequence[bytes], warm: int, ours: tuple[float, list[float]]
) -> None:
    """The same requests, and where it can take the past the same questions, to another product."""
    cost, reads = ours
    with other:
        process = psutil.Process(other.pid)
        process.cpu_affinity([0])
        sender = Sender(other.write_url, {})
        half = bodies[: len(bodies) // 2]
        theirs, _ = measured(other.name, sender, half, Cpu([process]), warm=warm)
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
    parser.add_argument("--rounds", type=int, default=120)
    parser.add_argument("--series", type=int, default=10_000)
    asked = parser.parse_args()
    start = round(time.time() * 1000) - asked.rounds * STEP_MS
    walks = series(asked.series)
    bodies = list(rounds(walks, start_ms=start, step_ms=STEP_MS, count=asked.rounds))
    warm = max(1, 2 * asked.series // REQUEST)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = tidewise(folder / "tidewise", bodies, warm)
        for other in neighbours(folder):
            compare(other, bodies, warm, ours)


if __name__ == "__main__":
    main()
