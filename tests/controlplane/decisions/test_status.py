"""One row per workload says what the last look saw, and nothing it did not see."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from controlplane.decisions import cycle
from controlplane.decisions.models import WorkloadStatus
from controlplane.decisions.pools import refresh_pools
from controlplane.forecasts.models import ForecastRecord
from controlplane.metrics.ingest import accept_own
from controlplane.workloads import services
from controlplane.workloads.models import Pool, Workload
from controlplane.workloads.parse import validate
from forecasting.forecast import QUANTILES
from tests.controlplane.decisions.cloud import Cloud
from tests.controlplane.decisions.looks import push
from tests.factories import chat_document

RATE, LATENCY = "service.request.rate", "experience.e2e"


def look(chat: Workload, now: datetime) -> WorkloadStatus:
    refresh_pools(Pool.objects.select_related("workload"), now=now)
    cycle.run(Workload.objects.get(pk=chat.pk), cause="beat", now=now)
    return WorkloadStatus.objects.get(workload=chat)


def push_latency(chat: Workload, seconds: float, now: datetime) -> None:
    labels = {"workload": chat.name, "quantile": "0.95"}
    accept_own(chat.team_id, [(LATENCY, labels, seconds)], now=now)


def test_a_workload_that_never_sent_anything_is_waiting(chat: Workload, noon: datetime) -> None:
    assert look(chat, noon).health == "waiting"


def test_a_workload_in_mode_off_is_off(chat: Workload, noon: datetime) -> None:
    services.set_mode(chat, "off", actor="user:ann", now=noon)

    assert look(chat, noon).health == "off"


def test_demand_that_stopped_coming_is_stale(chat: Workload, noon: datetime) -> None:
    push(chat, RATE, [20, 20], until=noon)
    assert look(chat, noon).health == "ok"

    stale = look(chat, noon + timedelta(seconds=91))
    assert (stale.health, stale.figures["demand"]) == ("stale", None)


@pytest.mark.parametrize(("seconds", "health"), [(0.19, "ok"), (0.21, "risk")])
def test_latency_over_the_slo_is_a_risk(
    chat: Workload, noon: datetime, seconds: float, health: str
) -> None:
    push(chat, RATE, [20], until=noon)
    push_latency(chat, seconds, noon)
    row = look(chat, noon)

    assert (row.health, row.figures["latency_s"], row.figures["slo_s"]) == (health, seconds, 0.2)


def test_a_size_that_was_read_too_long_ago_is_unknown_and_a_risk(
    chat: Workload, noon: datetime
) -> None:
    late = noon + timedelta(seconds=31)
    push(chat, RATE, [20], until=late)
    cycle.run(chat, cause="beat", now=late)
    row = WorkloadStatus.objects.get()

    assert (row.ready, row.pending, row.health) == (None, None, "risk")
    assert row.figures["cost_per_hour"] is None


def test_figures_that_nobody_measured_are_none_and_never_zero(
    chat: Workload, noon: datetime
) -> None:
    figures = look(chat, noon).figures

    for name in ("latency_s", "queue", "utilization", "demand", "forecast_change", "next_change"):
        assert figures[name] is None, name


def test_what_the_present_replicas_cost_is_exact(chat: Workload, noon: datetime) -> None:
    figures = look(chat, noon).figures

    assert Decimal(figures["cost_per_hour"]) == Decimal("12.50")
    assert figures["currency"] == "USD"


def test_one_pool_without_a_price_makes_the_cost_unknown(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    document = chat_document()
    document["spec"]["pools"].append(
        {"name": "free", "target": {"kind": "simulated", "name": "free"}}
    )
    services.save_document(chat.team, validate(document), actor="t", now=noon)
    cloud.sizes["free"] = 1

    assert look(chat, noon).figures["cost_per_hour"] is None


def test_the_next_replica_to_become_ready_is_named_with_its_time(
    chat: Workload, cloud: Cloud, noon: datetime
) -> None:
    cloud.starting["chat-7b"] = 2
    row = look(chat, noon)

    assert (row.ready, row.pending) == (5, 2)
    assert row.figures["next_change"] == {"at": noon.isoformat(), "replicas": 2}


def test_the_forecast_is_told_as_a_change_of_demand(chat: Workload, noon: datetime) -> None:
    push(chat, RATE, [40], until=noon)
    ForecastRecord.objects.create(
        workload=chat,
        signal=RATE,
        model="seasonal-naive",
        origin=noon,
        step_seconds=60.0,
        quantiles=list(QUANTILES),
        values=np.full((30, len(QUANTILES)), 50.0).tolist(),
        created_at=noon,
    )

    assert look(chat, noon).figures["forecast_change"] == pytest.approx(0.25)


def test_the_last_hour_is_drawn_with_gaps_and_read_again_once_a_minute(
    chat: Workload, noon: datetime
) -> None:
    push(chat, RATE, [20, 20], until=noon - timedelta(minutes=1))
    first = look(chat, noon).figures
    push(chat, RATE, [80], until=noon + timedelta(seconds=30))
    same = look(chat, noon + timedelta(seconds=30)).figures
    anew = look(chat, noon + timedelta(seconds=60)).figures

    assert len(first["sparkline"]) == 60
    assert first["sparkline"][0] is None
    assert 20.0 in first["sparkline"]
    assert same["sparkline"] == first["sparkline"]
    assert anew["sparkline"] != first["sparkline"]


def test_the_last_change_is_remembered_through_looks_that_held(
    chat: Workload, noon: datetime
) -> None:
    push(chat, "service.requests.running", [400], until=noon)
    changed = look(chat, noon).last_change
    services.set_paused(chat, paused=True, actor="user:ann", now=noon)
    held = look(chat, noon + timedelta(seconds=10))

    assert changed is not None
    assert held.last_change == changed


def test_a_broken_figure_cannot_be_stored_as_a_number(chat: Workload, noon: datetime) -> None:
    def numbers(value: Any) -> list[float]:
        if isinstance(value, dict):
            return [each for item in value.values() for each in numbers(item)]
        if isinstance(value, list):
            return [each for item in value for each in numbers(item)]
        return [value] if isinstance(value, float) else []

    push(chat, RATE, [20, 20, 20], until=noon)

    assert np.isfinite(numbers(look(chat, noon).figures)).all()
