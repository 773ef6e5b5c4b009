"""The living world: samples every five seconds, surges, gaps, and trouble that stays small."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from controlplane.accounts.models import Team
from controlplane.common.errors import Missing, Overloaded
from controlplane.decisions import cycle
from controlplane.decisions.models import DecisionRecord
from controlplane.decisions.pools import refresh_pools
from controlplane.demo import plans
from controlplane.demo.host import Host
from controlplane.demo.models import DemoWorkload
from controlplane.demo.services import surge
from controlplane.demo.world import World
from controlplane.metrics import ingest
from controlplane.metrics.selectors import series
from controlplane.workloads.models import Workload
from scaler.actuators.simulated import SimulatedCloud
from tests.controlplane.demo.conftest import TOOK, loaded
from tests.controlplane.demo.stories import counter, trace

FIVE = timedelta(seconds=5)


@pytest.fixture
def ready(demo: Team, noon: datetime) -> datetime:
    """The moment at which the world of the loaded demo begins."""
    return noon + TOOK


def live(world: World, now: datetime, *, seconds: float) -> datetime:
    """Step through the time up to `now + seconds`."""
    for _ in range(round(seconds / 5)):
        now += FIVE
        world.step(now=now)
    return now


def values(name: str, signal: str, since: datetime, until: datetime) -> np.ndarray[Any, Any]:
    row = Workload.objects.get(name=name)
    found = series(row.team_id, signal, any_of=row.matchers, span=(since, until), step=FIVE)
    return found.values


def test_each_step_sends_fresh_samples_of_every_workload(ready: datetime) -> None:
    until = live(World(), ready, seconds=30)

    for name in ("chat-7b", "embed", "rerank"):
        demand = values(name, "service.request.rate", ready, until + FIVE)
        assert np.isfinite(demand).all()
        assert len(set(demand[1:].tolist())) > 3


def test_live_demand_goes_on_where_history_ended(ready: datetime) -> None:
    until = live(World(), ready, seconds=60)
    before = values("embed", "service.request.rate", ready - timedelta(minutes=5), ready)
    after = values("embed", "service.request.rate", ready + FIVE, until)

    assert after.mean() == pytest.approx(before.mean(), rel=0.15)


def test_fresh_samples_of_the_driver_wake_the_engine(
    ready: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: set[tuple[str, str]] = set()
    monkeypatch.setattr(ingest, "_listeners", [lambda _team, pairs: heard.update(pairs)])
    World().step(now=ready + FIVE)

    assert ("service.request.rate", "chat-7b") in heard
    assert ("infra.gpu.utilization", "embed") in heard


def test_a_surge_triples_demand_for_five_minutes_and_the_engine_orders_replicas(
    ready: datetime,
) -> None:
    row = Workload.objects.prefetch_related("pools").get(name="chat-7b")
    world = World()
    started = live(world, ready, seconds=30)
    usual = values("chat-7b", "service.request.rate", ready, started).mean()
    surge(row, actor="visitor", now=started)
    later = live(world, started, seconds=15)
    refresh_pools(row.pools.select_related("workload"), now=later)
    row = Workload.objects.prefetch_related("pools").get(name="chat-7b")
    decided = cycle.run(row, cause="samples", now=later)

    surged = values("chat-7b", "service.request.rate", started + 2 * FIVE, later).mean()
    assert surged / usual == pytest.approx(3.0, rel=0.15)
    assert decided is not None
    assert decided.desired > decided.current
    assert not DemoWorkload.objects.get(workload=row).surging(started + timedelta(minutes=5))


def test_only_workloads_of_the_demo_can_be_surged(demo: Team, noon: datetime) -> None:
    row = Workload.objects.get(name="embed")
    DemoWorkload.objects.filter(workload=row).delete()

    with pytest.raises(Missing):
        surge(row, actor="visitor", now=noon)


def test_the_queue_survives_a_restart(ready: datetime) -> None:
    world = World()
    live(world, ready, seconds=10)
    DemoWorkload.objects.filter(workload__name="embed").update(
        surge_until=ready + timedelta(minutes=5), surge_factor=30.0
    )
    until = live(world, ready + 2 * FIVE, seconds=10)
    kept = DemoWorkload.objects.get(workload__name="embed").backlog
    World().step(now=until + FIVE)
    waiting = values("embed", "service.requests.waiting", until + FIVE, until + 2 * FIVE)

    assert kept > 100
    assert waiting[-1] > 100


def test_a_gap_stays_a_gap_and_the_queue_has_moved_on(ready: datetime) -> None:
    world = World()
    until = live(world, ready, seconds=30)
    DemoWorkload.objects.filter(workload__name="embed").update(backlog=900.0)
    back = until + timedelta(minutes=12)
    world.step(now=back)
    during = values("embed", "service.request.rate", until + timedelta(minutes=2), back)

    _times, counts = counter("embed", until - timedelta(seconds=20), back + FIVE)
    assert np.isnan(during).all()
    assert counts[-1] - counts[-2] < 5 * 450  # nothing of the gap is counted later
    assert DemoWorkload.objects.get(workload__name="embed").backlog < 900.0
    assert np.isfinite(values("embed", "service.request.rate", back, back + FIVE)).all()


def test_a_world_that_starts_again_sees_its_gap(ready: datetime) -> None:
    until = live(World(), ready, seconds=30)
    back = until + timedelta(minutes=12)
    World().step(now=back)
    during = values("embed", "service.request.rate", until + timedelta(minutes=2), back)

    assert np.isnan(during).all()


def test_a_step_that_comes_late_covers_the_time_it_missed(ready: datetime) -> None:
    world = World()
    until = live(world, ready, seconds=30)
    sent = world.step(now=until + 4 * FIVE)
    late = values("embed", "service.request.rate", until + 4 * FIVE, until + 5 * FIVE)[-1]
    usual = values("embed", "service.request.rate", ready, until).mean()

    assert sent == 3
    assert late == pytest.approx(usual, rel=0.15)  # a rate, whatever the step's length


def test_a_clock_that_goes_back_stops_nothing(ready: datetime) -> None:
    world = World()
    until = live(world, ready, seconds=30)
    world.step(now=until - timedelta(minutes=3))

    assert world.step(now=until - timedelta(minutes=3) + FIVE) == 3


def test_trouble_with_one_workload_leaves_the_others_alive(
    ready: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = plans.from_row

    def broken(row: DemoWorkload) -> Any:
        if row.workload.name == "embed":
            raise RuntimeError("a bug")
        return original(row)

    monkeypatch.setattr(plans, "from_row", broken)

    assert World().step(now=ready + FIVE) == 2


def test_a_store_that_is_busy_costs_a_step_and_no_more(
    ready: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    with monkeypatch.context() as patched:
        busy = Overloaded("store.busy", "later")
        patched.setattr(ingest, "accept_all", lambda _offers: [busy])
        assert world.step(now=ready + FIVE) == 3

    assert world.step(now=ready + 2 * FIVE) == 3
    assert np.isfinite(
        values("embed", "service.request.rate", ready + 2 * FIVE, ready + 3 * FIVE)
    ).all()


def test_a_scale_target_that_the_cloud_lost_is_made_again(
    ready: datetime, cloud: SimulatedCloud, tmp_path: Path
) -> None:
    (tmp_path / "cloud" / "simulated.sqlite3").unlink()
    SimulatedCloud(tmp_path / "cloud")  # makes its tables again, as a worker would
    row = Workload.objects.get(name="chat-7b")
    pool = row.pools.get()

    assert World().step(now=ready + FIVE) == 3
    assert cloud.observe(pool.scale_target, now=ready + FIVE).ready == pool.ready


def test_new_replicas_serve_as_soon_as_the_cloud_has_them(
    ready: datetime, cloud: SimulatedCloud
) -> None:
    pool = Workload.objects.get(name="embed").pools.get()
    world = World()
    until = live(world, ready, seconds=20)
    before = values("embed", "infra.gpu.utilization", ready + FIVE, until).mean()
    size = cloud.observe(pool.scale_target, now=until).current
    cloud.scale(pool.scale_target, 2 * size, key="by-hand", now=until)
    later = live(world, until, seconds=90)
    after = values("embed", "infra.gpu.utilization", later - 3 * FIVE, later).mean()

    assert after == pytest.approx(before / 2, rel=0.2)


def test_a_recording_goes_on_in_real_time_and_its_loss_is_no_crash(
    ready: datetime, tmp_path: Path
) -> None:
    loaded(ready, trace=trace(tmp_path))
    world = World()
    until = live(world, ready + TOOK, seconds=20)
    demand = values("my-clients", "service.request.rate", ready + TOOK, until) * 60
    (tmp_path / "demo" / "my-clients.npz").unlink()

    assert set(np.round(demand).tolist()) <= {300.0 + 40 * i for i in range(7)}
    assert World().step(now=until + FIVE) == 4


def test_the_machine_itself_is_a_source_without_a_workload(demo: Team, ready: datetime) -> None:
    world = World()
    until = live(world, ready, seconds=15)
    host = ({"source": "host"},)

    def measured(signal: str) -> np.ndarray[Any, Any]:
        found = series(demo.pk, signal, any_of=host, span=(ready, until + FIVE), step=FIVE)
        return found.values[np.isfinite(found.values)]

    memory = psutil.virtual_memory().total
    assert measured("infra.memory.total")[-1] == memory
    assert 0 < measured("infra.memory.used")[-1] < memory
    assert 0 <= measured("infra.cpu.utilization")[-1] <= 1
    assert (measured("infra.network.rx") >= 0).all()


def test_the_first_look_at_the_machine_knows_no_processor_time_and_no_traffic() -> None:
    first = {reading.signal: reading.values[-1] for reading in Host().look()}

    assert "infra.cpu.utilization" not in first
    assert first.get("infra.network.rx", 0.0) == 0.0


def test_no_decision_of_the_past_is_touched_by_living_on(ready: datetime) -> None:
    before = DecisionRecord.objects.count()
    live(World(), ready, seconds=30)

    assert DecisionRecord.objects.count() == before
