"""Loading the demo: all of it, true in itself, once, and from scratch after a stop."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from controlplane.accounts.models import Team
from controlplane.costs.models import CostEntry
from controlplane.decisions.models import ActuationRecord, DecisionRecord, WorkloadStatus
from controlplane.demo import plans
from controlplane.demo.demand import Generated
from controlplane.demo.models import DemoWorkload
from controlplane.demo.profiles import PROFILES
from controlplane.forecasts.models import ForecastRecord
from controlplane.workloads.models import Workload
from scaler.actuators.simulated import SimulatedCloud
from scaler.engine import trail
from scaler.engine.decide import decide
from tests.controlplane.demo.conftest import TOOK, loaded
from tests.controlplane.demo.stories import counter, read, trace


def test_three_workloads_are_there_labelled_as_synthetic(demo: Team) -> None:
    documents = {row.name: row.document for row in Workload.objects.filter(team=demo)}

    assert sorted(documents) == ["chat-7b", "embed", "rerank"]
    for document in documents.values():
        labels = document["metadata"]["labels"]
        assert labels["synthetic"] == "true"
        assert labels["description"].startswith("Synthetic")
    assert DemoWorkload.objects.count() == 3


@pytest.mark.parametrize("name", list(PROFILES))
def test_demand_and_the_95th_percentile_of_latency_are_known_for_every_minute(
    demo: Team, noon: datetime, name: str
) -> None:
    demand = read(name, "service.request.rate", noon)
    latency = read(name, "experience.e2e", noon, quantile=0.95)

    assert not demand.missing.any()
    assert latency.missing.sum() <= 2  # growth needs a sample before it
    target = PROFILES[name].owner.target
    assert 0.2 * target < np.nanmedian(latency.values) < target


def test_what_is_read_back_is_what_the_generator_said(demo: Team, noon: datetime) -> None:
    plan = next(plan for plan in plans.generated() if plan.kind == "embed")
    assert isinstance(plan.source, Generated)
    said = plan.source.lot((noon - timedelta(hours=3)).timestamp(), step=60.0, count=120)
    stored = read("embed", "service.request.rate", noon).values[:120]

    assert stored == pytest.approx(said.requests / 60, abs=1e-4)


def test_stored_decisions_are_what_the_engine_says_of_their_snapshots(demo: Team) -> None:
    decided = list(DecisionRecord.objects.select_related("forecast"))

    assert len(decided) >= 3 * 180
    for row in decided:
        forecast = row.forecast.forecast if row.forecast else None
        snapshot = trail.load_snapshot(row.snapshot, forecast)
        assert decide(snapshot, now=snapshot.at) == trail.load_decision(row.trail)


def test_decisions_are_listed_in_the_order_of_time_across_workloads(demo: Team) -> None:
    history = DecisionRecord.objects.filter(cause="history").order_by("pk")
    times = list(history.values_list("at", flat=True))

    assert times == sorted(times)


def test_every_change_in_auto_mode_has_one_order_that_came_to_an_end(demo: Team) -> None:
    changes = DecisionRecord.objects.filter(cause="history", held=False)
    orders = ActuationRecord.objects.filter(decision__cause="history")

    assert changes.count() == orders.count() > 0
    assert set(orders.values_list("state", flat=True)) <= {"verified", "superseded", "applied"}
    for row in orders.select_related("decision"):
        assert (row.before, row.desired) == (row.decision.current, row.decision.desired)
        assert row.applied_at is not None
        assert row.created_at < row.applied_at <= row.created_at + timedelta(seconds=30)


def test_generations_rise_by_one_so_that_live_orders_go_on_from_there(demo: Team) -> None:
    for workload in Workload.objects.all():
        generations = workload.actuations.order_by("created_at").values_list(
            "generation", flat=True
        )
        assert list(generations) == list(range(1, len(generations) + 1))


def test_the_cloud_runs_what_history_left_running(
    demo: Team, cloud: SimulatedCloud, noon: datetime
) -> None:
    for workload in Workload.objects.all():
        pool = workload.pools.get()
        before = read(workload.name, "infra.replicas.current", noon).values[-1]
        seen = cloud.observe(pool.scale_target, now=noon + TOOK)

        assert seen.current == pytest.approx(before, abs=2)
        assert (pool.ready, len(pool.pending)) == (seen.ready, len(seen.pending))


def test_the_ledger_holds_the_observed_replica_hours_and_the_declared_baseline(
    demo: Team, noon: datetime
) -> None:
    for workload in Workload.objects.all():
        sizes = read(workload.name, "infra.replicas.current", noon).values
        entries = CostEntry.objects.filter(workload=workload, hour__lt=noon)
        baseline = workload.spec.baseline
        assert baseline is not None

        hours = sum((row.replica_hours for row in entries), Decimal(0))
        assert float(hours) == pytest.approx(float(np.nansum(sizes)) / 60, rel=0.02)
        assert all(row.covered == pytest.approx(1.0) for row in entries)
        assert all(float(row.baseline_replica_hours or 0) == baseline.replicas for row in entries)


def test_a_first_forecast_and_the_status_rows_are_there_at_once(demo: Team, noon: datetime) -> None:
    for workload in Workload.objects.all():
        latest = ForecastRecord.objects.filter(workload=workload).latest("origin")
        status = WorkloadStatus.objects.get(workload=workload)

        assert latest.origin >= noon
        assert status.health == "ok"
        assert status.figures["demand"] > 0
        assert status.figures["latency_s"] > 0
        assert status.figures["cost_per_hour"] is not None


def test_the_time_that_loading_took_is_no_hole(demo: Team, noon: datetime) -> None:
    times, _values = counter("embed", noon - timedelta(minutes=5), noon + TOOK)

    assert (np.diff(times) == 5000).all()
    assert times[-1] == round((noon + TOOK).timestamp() * 1000) - 1


def test_counters_add_up_to_what_was_served(demo: Team, noon: datetime) -> None:
    demand = read("embed", "service.request.rate", noon).values
    _times, counts = counter("embed", noon - timedelta(hours=3), noon)

    assert (np.diff(counts) >= 0).all()
    assert counts[-1] == pytest.approx(60 * demand.sum(), rel=0.005)


def test_stored_forecasts_have_the_digits_that_were_decided_by(demo: Team) -> None:
    for row in ForecastRecord.objects.all()[:50]:
        assert row.values == [[float(f"{value:.5g}") for value in line] for line in row.values]


def test_loading_again_does_nothing(demo: Team, noon: datetime) -> None:
    before = (DecisionRecord.objects.count(), CostEntry.objects.count())

    assert loaded(noon + timedelta(hours=5)) == []
    assert (DecisionRecord.objects.count(), CostEntry.objects.count()) == before


def test_a_trace_can_be_added_to_a_demo_that_is_loaded(
    demo: Team, noon: datetime, tmp_path: Path
) -> None:
    path = trace(tmp_path)

    assert loaded(noon + TOOK, trace=path) == ["my-clients"]
    assert loaded(noon + 2 * TOOK, trace=path) == []
