"""The decision log forgets what nobody will ask about, in batches, and nothing else."""

from datetime import datetime, timedelta

import pytest

from controlplane.common.models import Heartbeat
from controlplane.decisions import retention
from controlplane.decisions.models import ActuationRecord, DecisionRecord
from controlplane.workloads.models import Workload
from tests.controlplane.decisions.looks import decided

DAY = timedelta(days=1)


def test_decisions_that_held_are_kept_two_days_and_changes_thirty(
    chat: Workload, noon: datetime
) -> None:
    kept = []
    for days, size, stays in ((1.9, 5, True), (2.1, 5, False), (29, 9, True), (31, 9, False)):
        row = decided(chat, size, now=noon - days * DAY)[0]
        if stays:
            kept.append(row.pk)
    retention.retain(now=noon)

    assert sorted(DecisionRecord.objects.values_list("pk", flat=True)) == sorted(kept)


def test_what_the_engine_saw_is_kept_for_changes_and_for_what_held_lately(
    chat: Workload, noon: datetime
) -> None:
    whole = []
    for hours, size, stays in ((5.9, 5, True), (6.1, 5, False), (11, 5, False), (11.5, 9, True)):
        row = decided(chat, size, now=noon - timedelta(hours=hours))[0]
        if stays:
            whole.append(row.pk)
    retention.retain(now=noon)

    kept = DecisionRecord.objects.filter(snapshot__isnull=False).values_list("pk", flat=True)
    assert sorted(kept) == sorted(whole)
    assert all(row.trail["version"] for row in DecisionRecord.objects.all())


def test_orders_go_with_their_decision(chat: Workload, noon: datetime) -> None:
    decided(chat, 9, now=noon - 31 * DAY)
    retention.retain(now=noon)

    assert not ActuationRecord.objects.exists()


def test_more_than_one_batch_is_dropped_in_one_run(
    chat: Workload, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for number in range(5):
        decided(chat, 5, now=noon - 3 * DAY + timedelta(seconds=number))
    retention.retain(now=noon)

    assert not DecisionRecord.objects.exists()
    assert Heartbeat.objects.get(loop="decision-log").at == noon
