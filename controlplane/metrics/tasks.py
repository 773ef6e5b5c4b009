"""The beat → upkeep of the store."""

from celery import shared_task

from controlplane.common import clock, heartbeats
from controlplane.metrics import upkeep


@shared_task(name="controlplane.metrics.tasks.compact", soft_time_limit=60, time_limit=90)
def compact() -> None:
    """Move what the log holds into chunks; once an hour also drop what is too old."""
    now = clock.now()
    upkeep.run(now=now)
    heartbeats.beat("compact", now=now)
