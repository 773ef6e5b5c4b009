"""What the engine is told beside values: units, recent orders and the pace of deciding."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings

from controlplane.decisions.models import ActuationRecord
from controlplane.decisions.observe import observe
from controlplane.workloads.models import Workload
from scaler.engine.snapshot import Change
from tests.controlplane.decisions.looks import ordered, push


def test_every_observation_has_the_unit_of_its_signal(chat: Workload, noon: datetime) -> None:
    push(chat, "infra.gpu.utilization", [0.5], until=noon)

    found = observe(chat, now=noon).snapshot.observations

    assert {each.signal: each.unit for each in found} == {
        "service.request.rate": "{request}/s",
        "infra.gpu.utilization": "1",
        "service.requests.running": "{request}",
        "service.requests.waiting": "{request}",
        "experience.e2e": "s",
    }


def test_a_signal_seen_at_two_quantiles_is_one_observation(chat: Workload, noon: datetime) -> None:
    chat.document["spec"]["slo"]["quantile"] = 0.5
    chat.document["spec"]["policies"] = [
        {"kind": "threshold", "signal": "experience.e2e", "above": 1.0, "for": "5m", "add": 1}
    ]

    look = observe(chat, now=noon)

    assert {("experience.e2e", 0.95), ("experience.e2e", 0.5)} <= set(look.readings)
    assert [each.signal for each in look.snapshot.observations].count("experience.e2e") == 1


def test_orders_of_the_last_two_minutes_count_against_the_rate(
    chat: Workload, noon: datetime
) -> None:
    for seconds, size in ((130, 7), (90, 9), (30, 4)):
        at = noon - timedelta(seconds=seconds)
        order = ordered(chat, size, now=at)
        ActuationRecord.objects.filter(pk=order.pk).update(applied_at=at)

    assert observe(chat, now=noon).snapshot.memory.changes == (
        Change(noon - timedelta(seconds=90), 4),
        Change(noon - timedelta(seconds=30), -1),
    )


def test_the_pace_of_deciding_is_the_operators(
    chat: Workload, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CYCLE_SECONDS", 20)

    assert observe(chat, now=noon).snapshot.memory.every == timedelta(seconds=20)
