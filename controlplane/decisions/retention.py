"""The decision log → no longer than it is useful."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from controlplane.common.heartbeats import beat
from controlplane.decisions.models import DecisionRecord

HELD_FOR = timedelta(days=2)  # decisions that changed nothing
CHANGES_FOR = timedelta(days=30)
BATCH = 2000


def retain(*, now: datetime) -> None:
    """Drop what is too old, in batches, so that no statement holds the database for long."""
    _drop(DecisionRecord.objects.filter(held=True, at__lt=now - HELD_FOR))
    _drop(DecisionRecord.objects.filter(at__lt=now - CHANGES_FOR))
    beat("retain", now=now)


def _drop(rows: "QuerySet[DecisionRecord]") -> None:
    while ids := list(rows.values_list("pk", flat=True)[:BATCH]):
        DecisionRecord.objects.filter(pk__in=ids).delete()
