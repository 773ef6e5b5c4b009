"""A moment → the store tidied: the log moved into chunks, old chunks dropped."""

from datetime import datetime, timedelta

from controlplane.common.heartbeats import beat, heartbeats
from controlplane.metrics.ingest import count, store
from controlplane.metrics.stores.base import Merged

KEEP = timedelta(days=35)
RETAIN_EVERY = timedelta(hours=1)


def run(*, now: datetime) -> Merged:
    """Compact, and once an hour retain."""
    moved = store.compact(now=now)
    count("store", {"duplicate": moved.duplicates, "conflict": moved.conflicts})
    last = heartbeats().get("retain")
    if last is None or now - last >= RETAIN_EVERY:
        retain(now=now)
        beat("retain", now=now)
    return moved


def retain(*, now: datetime, keep: timedelta = KEEP) -> int:
    """Drop chunks that end before now - keep; returns how many samples went."""
    return store.retain(before_ms=round((now - keep).timestamp() * 1000))
