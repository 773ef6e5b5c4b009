"""kill -9 of any one process: no accepted sample and no decision is lost, and no order doubled.

pusher   1 2 3 4 5 6 7 8 9 …          every push that got its 2xx must be read back
nemesis      ✗web   ✗worker  ✗broker  one process after another
loop     5→9   9→5   5→9              orders go on, each carried out once
"""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from scaler.actuators.base import ScaleTarget
from scaler.actuators.simulated import SimulatedCloud
from tests.system.client import Client, manage
from tests.system.running import Running, wait_for

pytestmark = pytest.mark.system
VICTIMS = ("web", "worker", "beat", "forecast", "broker", "web", "worker")
TARGET = ScaleTarget("simulated", "stormy")
WORKLOAD = """
apiVersion: tidewise/v1
kind: Workload
metadata: {name: stormy}
spec:
  demand: {signal: service.requests.running}
  replicas: {min: 1, max: 40}
  pools: [{name: pool, target: {kind: simulated, name: stormy}, lead_time: 1s}]
  policies: [{kind: target, signal: service.requests.running, per_replica: 1}]
  guardrails: {tolerance: 0%, scale_down_stabilization: 0s, cooldown: 0s, cooldown_down: 0s,
               max_step_up: 40, max_step_down: 40}
  mode: auto
"""


class Pusher(threading.Thread):
    """Pushes ascending numbers, and a load that goes up and down, until it is told to stop.

    `accepted` holds (number, timestamp in ms) of every push that was answered with a 2xx; what
    was not answered is sent again with the same timestamp, as an exporter's queue would.
    """

    def __init__(self, client: Client) -> None:
        super().__init__(daemon=True)
        self.accepted: list[tuple[int, int]] = []
        self.resent = 0
        self.finish = threading.Event()
        self._client = client

    def run(self) -> None:
        number = 0
        while not self.finish.is_set():
            number += 1
            stamp = round(time.time() * 1000)
            self._insist("business.sequence", number, stamp)
            self.accepted.append((number, stamp))
            self._insist("service.requests.running", 5 if number // 40 % 2 else 9, stamp)
            self.finish.wait(0.05)

    def _insist(self, signal: str, value: float, stamp: int) -> None:
        while True:
            try:
                return self._client.push(signal, "stormy", value, at_ms=stamp)
            except OSError:
                self.resent += 1
                time.sleep(0.05)


@pytest.fixture(scope="module")
def storm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """One installation after the storm, still running."""
    folder = tmp_path_factory.mktemp("storm")
    with Running(folder, CYCLE_SECONDS="1") as up:
        up.wait_until_announced()
        client = _prepared(up, folder)
        pusher = Pusher(client)
        pusher.start()
        wait_for(lambda: bool(_orders(client)), seconds=20, why="the loop orders")
        decided = _decisions(client)
        for victim in VICTIMS:
            decided |= _killed(up, client, victim)
        pusher.finish.set()
        pusher.join(30)
        yield {"up": up, "client": client, "pusher": pusher, "decided": decided, "folder": folder}


def _prepared(up: Running, folder: Path) -> Client:
    SimulatedCloud(folder / "cloud").create(TARGET, ready=5, lead_time=timedelta(seconds=1))
    spec = folder / "stormy.yaml"
    spec.write_text(WORKLOAD)
    manage(up, "apply", "-f", str(spec))
    return Client(up, "ingest:write", "read")


def _killed(up: Running, client: Client, name: str) -> set[str]:
    """Kill one process and wait until an order was made after it; the decisions seen by then."""
    victim = up.find(name)
    assert victim is not None, up.output
    before = len(_orders(client))
    victim.kill()
    wait_for(
        lambda: up.find(name) is not None and len(_orders(client)) > before,
        seconds=20,
        why=f"{name} is back and orders go on:\n{up.output}",
    )
    return _decisions(client)


def _orders(client: Client) -> list[dict[str, Any]]:
    return _patient(client, "/api/v1/actuations?workload=stormy&limit=500")


def _decisions(client: Client) -> set[str]:
    found = _patient(client, "/api/v1/decisions?workload=stormy&changes=true&limit=500")
    return {row["id"] for row in found}


def _patient(client: Client, path: str) -> list[dict[str, Any]]:
    """A list, asked for again while the web process is away."""
    for _attempt in range(100):
        try:
            return client.items(path)
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the web process stays away")


def test_every_accepted_sample_is_read_back(storm: dict[str, Any]) -> None:
    pushed = dict(storm["pusher"].accepted)
    start, end = min(pushed.values()) / 1000 - 1, max(pushed.values()) / 1000 + 1
    path = f"/api/v1/series?signal=business.sequence&workload=stormy&start={start}&end={end}"
    (row,) = storm["client"].get(path)["series"]
    kept = {int(value): round(at * 1000) for at, value in row["points"]}

    assert len(pushed) > 100
    assert kept == pushed


def test_every_decision_that_was_seen_is_still_there(storm: dict[str, Any]) -> None:
    assert storm["decided"]
    assert storm["decided"] <= _decisions(storm["client"])


def test_every_order_took_effect_at_most_once_and_none_is_left_open(storm: dict[str, Any]) -> None:
    client = storm["client"]

    def settled() -> bool:
        # A lost worker's order is settled by reading once its call must have ended.
        return all(row["state"] in {"verified", "superseded", "expired"} for row in _orders(client))

    wait_for(settled, seconds=60, why="every order is settled")
    journal = SimulatedCloud(storm["folder"] / "cloud").journal(TARGET)
    # Verified, or superseded by the next order before anybody looked whether all were ready.
    applied = [row for row in _orders(client) if row["applied_at"] is not None]

    assert len({key for key, _before, _after in journal}) == len(journal)
    assert all(one[2] == following[1] for one, following in pairwise(journal))
    assert applied
    assert len(journal) == len(applied)
