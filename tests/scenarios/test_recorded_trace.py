"""A recorded language-model trace end to end: remote-write → LSTM → decisions → capacity → ledger.

tokens/s   __/‾‾\\__/‾‾\\__/‾      80 hours of history sent as a counter, then 2 live hours
loops            train │ forecast, decide, actuate, reconcile, once a minute
replicas               │__/‾‾     follow the load; every order carried out exactly once
"""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from controlplane.accounts.models import Team
from controlplane.accounts.services import ensure_team
from controlplane.common import clock
from controlplane.costs.models import CostEntry
from controlplane.decisions.actuators import standing_in
from controlplane.decisions.models import ActuationRecord, DecisionRecord
from controlplane.forecasts.models import ForecastRecord
from controlplane.metrics.receivers import http
from controlplane.metrics.selectors import series
from controlplane.workloads.models import Workload
from controlplane.workloads.parse import read_documents
from controlplane.workloads.services import save_document
from scaler.actuators.base import ScaleTarget
from scaler.actuators.simulated import SimulatedCloud
from tests.conftest import make_token
from tests.scenarios.live_trace import Exporter, Journey, play, read_minutes, trace_workload

ROOT = Path(__file__).resolve().parents[2]
TRACES = Path(os.environ.get("TIDEWISE_TRACES") or ROOT.parent / "shared" / "data" / "public")
TRACE = TRACES / "sageserve_a_prod.csv.gz"
HISTORY, LIVE = timedelta(hours=80), timedelta(hours=2)
TARGET = ScaleTarget("simulated", "recorded")

pytestmark = [
    pytest.mark.system,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not TRACE.exists(),
        reason=f"{TRACE.name} is not part of this repository; set TIDEWISE_TRACES to its folder",
    ),
]


@pytest.fixture
def cloud(tmp_path: Path, settings: Any) -> Iterator[SimulatedCloud]:
    """A pretend cloud and a model folder of this test alone."""
    settings.MODEL_DIR = tmp_path / "models"
    made = SimulatedCloud(tmp_path / "cloud")
    made.create(TARGET, ready=12, lead_time=timedelta(minutes=5), failure_rate=0.05, seed=3)
    with standing_in("simulated", made):
        yield made
    http.writer.stop()


@pytest.fixture
def workload(cloud: SimulatedCloud) -> Workload:
    team = ensure_team("recorded")
    (document,) = read_documents(yaml.safe_dump(trace_workload(team, "recorded")))
    return save_document(team, document, actor="test", now=datetime.fromisoformat(START)).workload


START = "2024-11-04T00:00:00+00:00"


@pytest.fixture
def journey(workload: Workload, monkeypatch: pytest.MonkeyPatch) -> Journey:
    """The trace, played once; every assertion below looks at what it left behind."""
    trace = read_minutes(TRACE, "input_tokens")
    trace = [minute for minute in trace if minute.at < trace[0].at + HISTORY + LIVE]

    def set_clock(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    set_clock(trace[0].at)
    http.tokens.forget()
    team: Team = workload.team
    _row, token = make_token(team, "ingest:write", now=trace[0].at)
    return play(trace, workload, Exporter("recorded", token), history=HISTORY, set_clock=set_clock)


def test_a_recorded_trace_becomes_forecasts_decisions_and_capacity(
    journey: Journey, workload: Workload, cloud: SimulatedCloud
) -> None:
    _the_lstm_was_trained_and_scored(journey)
    _every_minute_has_a_forecast_and_a_decision(journey, workload)
    _every_order_was_carried_out_exactly_once(cloud)
    _capacity_followed_the_load(journey)
    _the_ledger_adds_up(workload)
    _the_store_holds_what_was_sent(workload)


def _the_lstm_was_trained_and_scored(journey: Journey) -> None:
    version = journey.version
    assert version is not None
    assert version.scores["anchored-lstm"]["wql"] > 0
    assert version.reason
    assert version.history_end - version.history_start > timedelta(hours=60)


def _every_minute_has_a_forecast_and_a_decision(journey: Journey, workload: Workload) -> None:
    minutes = len(journey.live)
    forecasts = ForecastRecord.objects.filter(workload=workload)
    decisions = DecisionRecord.objects.filter(workload=workload)
    assert minutes == LIVE / timedelta(minutes=1)
    assert forecasts.count() == minutes
    assert decisions.count() == minutes
    assert set(forecasts.values_list("version", flat=True)) == {journey.version.pk}  # type: ignore[union-attr]
    assert decisions.exclude(forecast=None).count() == minutes
    assert all(row.trail["steps"] for row in decisions)


def _every_order_was_carried_out_exactly_once(cloud: SimulatedCloud) -> None:
    journal = cloud.journal(TARGET)
    orders = ActuationRecord.objects.filter(applied_at__isnull=False)
    assert sorted(key for key, _before, _after in journal) == sorted(
        orders.values_list("key", flat=True)
    )
    assert not ActuationRecord.objects.filter(state__in=["executing", "unknown"]).exists()


def _capacity_followed_the_load(journey: Journey) -> None:
    enough = [ready * 2000 >= demand for demand, ready in journey.live]
    sizes = [ready for _demand, ready in journey.live]
    assert sum(enough) / len(enough) >= 0.99
    assert max(sizes) - min(sizes) >= 4
    assert max(sizes) < 60  # and not by ordering everything there is


def _the_ledger_adds_up(workload: Workload) -> None:
    entries = CostEntry.objects.filter(workload=workload)
    price, rounding = Decimal("2.50"), Decimal("0.000001")  # hours and cost are rounded each once
    assert entries.exists()
    assert all(
        abs(entry.cost - entry.replica_hours * price) <= rounding * price for entry in entries
    )
    assert all(entry.saved is not None and entry.saved > 0 for entry in entries if entry.covered)


def _the_store_holds_what_was_sent(workload: Workload) -> None:
    """The counter comes back as the rate that the trace says."""
    end = datetime.fromisoformat(START) + HISTORY
    span = (end - timedelta(hours=2), end)
    found = series(
        workload.team_id,
        "business.tokens.input.rate",
        any_of=workload.matchers,
        span=span,
        step=timedelta(minutes=1),
    )
    sent = [
        minute.tokens / 60
        for minute in read_minutes(TRACE, "input_tokens")
        if span[0] <= minute.at < span[1]
    ]
    # The last minute's sample stands at the very end of the span, which is open there.
    assert found.values[:-1].tolist() == pytest.approx(sent[:-1], rel=1e-3)
