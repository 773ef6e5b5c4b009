"""Processes that race for the same orders on one real database; see test_race.py.

director FOLDER ROUNDS  makes one order after another, waits for each, and prints what became of all
worker FOLDER           claims whatever it sees first, and writes down every call to the cloud
"""

import json
import os
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings")
django.setup()

from controlplane.accounts.services import ensure_team  # noqa: E402 - after Django is set up
from controlplane.common import clock  # noqa: E402
from controlplane.decisions import actuators  # noqa: E402
from controlplane.decisions.actuate import execute  # noqa: E402
from controlplane.decisions.models import ActuationRecord  # noqa: E402
from controlplane.decisions.pools import refresh_pools  # noqa: E402
from controlplane.workloads.models import Pool, Workload  # noqa: E402
from scaler.actuators.base import ScaleTarget  # noqa: E402
from scaler.actuators.simulated import SimulatedCloud  # noqa: E402
from tests.controlplane.decisions.looks import decided  # noqa: E402
from tests.factories import make_workload  # noqa: E402

PATIENCE = 20.0


class Witness(SimulatedCloud):
    """The simulated cloud; every order is also a line of `calls`, before it takes effect."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "cloud")
        self._calls = folder / "calls"

    def scale(self, target: ScaleTarget, desired: int, *, key: str, now: datetime) -> None:
        with self._calls.open("a") as file:
            file.write(f"{key}\n")
        super().scale(target, desired, key=key, now=now)


def direct(folder: Path, rounds: int) -> None:
    """One order after another, up and down."""
    cloud = Witness(folder)
    workload = _prepared(cloud)
    (folder / "go").touch()
    with actuators.standing_in("simulated", cloud):
        for number in range(rounds):
            refresh_pools(Pool.objects.select_related("workload"), now=clock.now())
            size = 9 if number % 2 == 0 else 5
            (order,) = decided(workload, size, now=clock.now())[1]
            _wait_for(order.pk)
    (folder / "stop").touch()
    rows: list[Any] = list(ActuationRecord.objects.values_list("key", "state"))
    print(json.dumps(rows))  # noqa: T201 - what the test reads


def _prepared(cloud: Witness) -> Workload:
    workload = make_workload(ensure_team("team-a"), now=clock.now())
    pool = workload.pools.get()
    cloud.create(pool.scale_target, ready=5, lead_time=timedelta(0), jitter=0.0)
    return workload


def _wait_for(order: int) -> None:
    until = time.monotonic() + PATIENCE
    while ActuationRecord.objects.filter(pk=order, applied_at=None, finished_at=None).exists():
        assert time.monotonic() < until, "nobody carried the order out"
        time.sleep(0.002)


def work(folder: Path) -> None:
    """Every approved order, as fast as it is seen."""
    while not (folder / "go").exists():
        time.sleep(0.01)
    with actuators.standing_in("simulated", Witness(folder)):
        while not (folder / "stop").exists():
            for order in ActuationRecord.objects.filter(state="approved").values_list("pk"):
                execute(order[0], now=clock.now())


if __name__ == "__main__":
    if sys.argv[1] == "director":
        direct(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        work(Path(sys.argv[2]))
