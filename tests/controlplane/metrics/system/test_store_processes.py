"""Writers, compactors and readers at once, killed at random: nothing accepted is ever lost.

writer a ──┐                       ┌── compactor 1 (killed)
           ├──▶ log ──▶ chunks ◀───┤
writer b ──┘ (killed)              └── compactor 2
              └──────────┴──────────── reader: counts never fall, values are their own
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.running import ROOT

pytestmark = pytest.mark.system

SERIES = 40  # of each writer
KILLS = 4
SETUP = """
import json
from controlplane.accounts.services import ensure_team
from controlplane.common import clock
from controlplane.metrics.ingest import store
from controlplane.metrics.sample import Identity, Kind
team = ensure_team("processes").pk
made = [Identity("x", Kind.GAUGE, (("n", str(i)),), "x") for i in range(%d)]
print(json.dumps([team, store.register(team, made, now=clock.now())]))
"""
RESULT = """
import json
from controlplane.common import clock
from controlplane.metrics.ingest import store
from controlplane.metrics.models import Batch, Chunk
store.compact(now=clock.now(), force=True)
found = store.read(%d, %s, start_ms=0, end_ms=2**60)
print(json.dumps({
    "points": {one: list(zip(t.tolist(), v.tolist())) for one, (t, v) in found.items()},
    "log": Batch.objects.count(),
    "held": sum(Chunk.objects.values_list("count", flat=True)),
}))
"""


class Installation:
    """A database, and processes of the store that work on it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.environment = {**os.environ, "DATABASE_URL": url, "DATA_DIR": str(folder)}
        self.running: list[subprocess.Popen[str]] = []

    def manage(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def shell(self, code: str) -> str:
        return self.manage("shell", "-v", "0", "-c", code).strip().splitlines()[-1]

    def start(self, role: str, *words: object) -> "Worker":
        return Worker(self, role, *map(str, words))


class Worker:
    """One process of store_worker.py, its lines in a file that outlives it."""

    def __init__(self, place: Installation, role: str, *words: str) -> None:
        self.place, self.role, self.words = place, role, words
        self.out = place.folder / f"{role}-{len(place.running)}.out"
        module = "tests.controlplane.metrics.system.store_worker"
        with self.out.open("w") as out, self.out.with_suffix(".err").open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, role, *words],
                cwd=ROOT,
                env=place.environment,
                stdout=out,
                stderr=errors,
                text=True,
            )
        place.running.append(self.process)

    def lines(self) -> list[str]:
        """Whole lines only: the last one may have been cut by the kill."""
        return self.out.read_text().split("\n")[:-1]

    def errors(self) -> str:
        return self.out.with_suffix(".err").read_text()

    def kill(self) -> None:
        assert self.process.poll() is None, f"{self.role} ended by itself:\n{self.errors()}"
        self.process.kill()
        self.process.wait()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    made = Installation(tmp_path, url)
    made.manage("migrate", "-v", "0")

    yield made
    for process in made.running:
        process.kill()
        process.wait()


def test_whatever_is_killed_every_accepted_sample_is_there_once(place: Installation) -> None:
    team, series = json.loads(place.shell(SETUP % (2 * SERIES)))
    mine, other = series[:SERIES], series[SERIES:]
    steady = place.start("write", team, *mine)
    victims = [place.start("write", team, *other), place.start("compact", team)]
    writers = [victims[0]]
    second = place.start("compact", team)
    reader = place.start("read", team, *series)
    _until(lambda: len(steady.lines()) > 3 and len(victims[0].lines()) > 3)
    luck = random.Random(23)  # noqa: S311 - when to kill, nothing secret
    for turn in range(KILLS):
        time.sleep(luck.uniform(0.2, 0.9))
        victim = victims[turn % 2]
        victim.kill()
        words = victim.words
        if victim.role == "write":
            words = (*words[: 1 + SERIES], "--from", str(_next(victim)))
        victims[turn % 2] = place.start(victim.role, *words)
        if victim.role == "write":
            writers.append(victims[turn % 2])
            _until(lambda: len(writers[-1].lines()) > 1)
    _until(lambda: len(steady.lines()) > 50)
    for worker in (steady, *victims, second, reader):
        worker.kill()

    accepted = {one: [int(line) for line in steady.lines()] for one in mine}
    accepted |= {one: [int(n) for writer in writers for n in writer.lines()] for one in other}
    found = json.loads(place.shell(RESULT % (team, series)))
    points = {int(one): dict(map(tuple, rows)) for one, rows in found["points"].items()}

    assert reader.lines() == []
    for one, turns in accepted.items():
        assert {turn * 1000 for turn in turns} <= set(points[one])
        assert all(value == one + at / 8000 for at, value in points[one].items())
    # A round that was killed between its commit and its print may be there beyond the accepted.
    assert sum(map(len, points.values())) <= sum(map(len, accepted.values())) + KILLS * SERIES
    assert (found["log"], found["held"]) == (0, sum(map(len, points.values())))


def _next(writer: Worker) -> int:
    """The first round that nobody knows to be accepted."""
    lines = writer.lines()
    first = int(writer.words[writer.words.index("--from") + 1]) if "--from" in writer.words else 0
    return int(lines[-1]) + 1 if lines else first


def _until(what: Callable[[], bool], *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "the processes do not get on"
        time.sleep(0.05)
