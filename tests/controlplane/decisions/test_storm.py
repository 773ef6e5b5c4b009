"""Ten thousand decisions in bad weather: every order takes effect at most once, none is stale.

decisions  ──┬── hint lost ─────────────┐
             ├── hint doubled, late     │      journal of the cloud: each key once,
             ├── worker killed in call  ├────► generations rising, sizes joined end to end;
             ├── no answer from cloud   │      rows: all final, "applied" exactly when it was
             └── paused, mode switched ─┘
"""

import random
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from controlplane.accounts.models import Team
from controlplane.decisions import actuators, record
from controlplane.decisions.actuate import execute
from controlplane.decisions.models import FINAL, ActuationRecord, DecisionRecord
from controlplane.decisions.reconcile import reconcile
from controlplane.workloads.models import Pool, Workload
from scaler.actuators.base import ScaleTarget
from scaler.actuators.simulated import SimulatedCloud
from scaler.engine.decision import Decision
from scaler.engine.snapshot import Bounds, Capacity, Mode, Replicas, Snapshot
from scaler.errors import Transient
from tests.controlplane.decisions.cloud import Killed
from tests.controlplane.decisions.looks import verdict
from tests.factories import make_workload

pytestmark = pytest.mark.system
DECISIONS = 10_000
NAMES = ("calm", "busy", "wild")


class Weather:
    """The simulated cloud behind a bad line: workers die and reads fail on the way to it."""

    def __init__(self, cloud: SimulatedCloud, luck: random.Random) -> None:
        self.cloud, self.luck, self.calm = cloud, luck, False

    def observe(self, target: ScaleTarget, *, now: datetime) -> Replicas:
        if not self.calm and self.luck.random() < 0.02:
            raise Transient("throttled")
        return self.cloud.observe(target, now=now)

    def scale(self, target: ScaleTarget, desired: int, *, key: str, now: datetime) -> None:
        fate = 1.0 if self.calm else self.luck.random()
        if fate < 0.03:
            raise Killed
        self.cloud.scale(target, desired, key=key, now=now)
        if fate < 0.06:
            raise Killed


class Storm:
    """Three workloads, a clock, and hints that arrive late, twice or never."""

    def __init__(self, weather: Weather, workloads: list[Workload], start: datetime) -> None:
        self.weather, self.luck = weather, weather.luck
        self.workloads, self.now = workloads, start
        self.waiting: list[int] = []
        self.decided = 0

    def step(self) -> None:
        self.now += timedelta(milliseconds=self.luck.randint(200, 4000))
        workload = self.luck.choice(self.workloads)
        self._decide(workload)
        fate = self.luck.random()
        if fate < 0.7 and self.waiting:
            self._execute(self.waiting.pop(self.luck.randrange(len(self.waiting))))
        if fate < 0.05:
            self._reconcile()
        if fate > 0.99:
            self._meddle(workload)

    def _decide(self, workload: Workload) -> None:
        """As a cycle would, from what the rows say of the pool; the engine has its own tests."""
        workload = Workload.objects.get(pk=workload.pk)
        pools = tuple(workload.pools.all())
        current = (pools[0].ready or 0) + len(pools[0].pending)
        desired = self.luck.randint(1, 40) if self.luck.random() < 0.5 else current
        decision: Decision = verdict(workload, desired, now=self.now, current=current)
        row = record.store(workload, _snapshot(workload, self.now), decision, cause="beat")
        self.decided += 1
        for order in record.order(row, pools, now=self.now):
            self.waiting += [order.pk] * self.luck.choice((0, 1, 1, 2))

    def _execute(self, order: int) -> None:
        try:
            execute(order, now=self.now)
        except Killed:
            return

    def _reconcile(self) -> None:
        try:
            reconcile(now=self.now)
        except Killed:
            return

    def _meddle(self, workload: Workload) -> None:
        row = Workload.objects.get(pk=workload.pk)
        if self.luck.random() < 0.5:
            row.paused_by = "" if row.paused_by else "user:ann"
        else:
            row.mode = "auto" if row.mode != "auto" else "recommend"
            row.revision += 1
        row.save()

    def pass_over(self) -> None:
        """The weather clears; reconcile ticks until everything must have come to its end."""
        self.weather.calm = True
        for _tick in range(100):
            self.now += timedelta(seconds=10)
            reconcile(now=self.now)


def _snapshot(workload: Workload, now: datetime) -> Snapshot:
    return Snapshot(workload.name, now, Mode(workload.mode), None, Bounds(), Capacity(), (), ())


@pytest.fixture
def storm(team_a: Team, noon: datetime, tmp_path: Path) -> Storm:
    cloud = SimulatedCloud(tmp_path)
    workloads = [make_workload(team_a, now=noon, name=name) for name in NAMES]
    for number, pool in enumerate(Pool.objects.select_related("workload")):
        lead = timedelta(seconds=5)
        cloud.create(pool.scale_target, ready=5, lead_time=lead, failure_rate=0.1, seed=number)
    return Storm(Weather(cloud, random.Random(20260302)), workloads, noon)  # noqa: S311 - seeded


def test_ten_thousand_decisions_in_bad_weather_take_effect_at_most_once(storm: Storm) -> None:
    with actuators.standing_in("simulated", storm.weather):
        reconcile(now=storm.now)
        while storm.decided < DECISIONS:
            storm.step()
        storm.pass_over()

    rows = {row.key: row for row in ActuationRecord.objects.select_related("pool")}
    states = Counter(row.state for row in rows.values())
    assert DecisionRecord.objects.count() == DECISIONS
    assert set(states) <= FINAL, states
    carried_out = 0
    for pool in Pool.objects.select_related("workload"):
        journal = storm.weather.cloud.journal(pool.scale_target)
        _judge(journal, {key: row for key, row in rows.items() if row.pool_id == pool.pk})
        carried_out += len(journal)
    assert carried_out > 500
    assert len(rows) - carried_out > 500  # else too little went wrong to prove anything


def _judge(journal: tuple[tuple[str, int, int], ...], rows: dict[str, ActuationRecord]) -> None:
    keys = [key for key, _before, _after in journal]
    took_effect = {key for key, row in rows.items() if row.applied_at is not None}
    generations = [rows[key].generation for key in keys]

    assert len(keys) == len(set(keys))
    assert set(keys) == took_effect
    assert generations == sorted(generations)
    assert all(one[2] == following[1] for one, following in pairwise(journal))
    assert all(after == rows[key].desired for key, _before, after in journal)
    assert all(before == rows[key].before for key, before, _after in journal)
