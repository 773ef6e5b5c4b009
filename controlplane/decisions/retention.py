"""The decision log → no longer than it is useful."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from controlplane.common.heartbeats import beat
from controlplane.decisions.models import DecisionRecord

HELD_FOR = timedelta(days=2)  # decisions that changed nothing
REPLAYABLE_FOR = timedelta(hours=6)  # of those, everything the engine saw
CHANGES_FOR = timedelta(days=30)
BATCH = 2000


def retain(*, now: datetime) -> None:
    """Drop what is too old, in batches, so that no statement holds the database for long.

    Nearly every decision holds the size, and nearly all of its bytes are the snapshot: that goes
    first. A change keeps its snapshot as long as itself.
    """
    _drop(DecisionRecord.objects.filter(held=True, at__lt=now - HELD_FOR))
    _drop(DecisionRecord.objects.filter(at__lt=now - CHANGES_FOR))
    # Looking back once more is enough when this runs hourly, and what was missed goes with its row.
    since, until = now - 2 * REPLAYABLE_FOR, now - REPLAYABLE_FOR
    _strip(DecisionRecord.objects.filter(held=True, at__gte=since, at__lt=until))
    beat("decision-log", now=now)


def _drop(rows: "QuerySet[DecisionRecord]") -> None:
    while ids := list(rows.values_list("pk", flat=True)[:BATCH]):
        # Django reads what it deletes, to find what hangs on it; trails need not be unpacked.
        DecisionRecord.objects.filter(pk__in=ids).only("pk").delete()


def _strip(rows: "QuerySet[DecisionRecord]") -> None:
    whole = rows.filter(snapshot__isnull=False)
    while ids := list(whole.values_list("pk", flat=True)[:BATCH]):
        DecisionRecord.objects.filter(pk__in=ids).update(snapshot=None)
