"""Messages → services; the only worker that loads torch runs these."""

from celery import shared_task

from controlplane.common import clock
from controlplane.forecasts import refresh, retention, train


@shared_task(name="controlplane.forecasts.tasks.refresh_all", time_limit=110, soft_time_limit=90)
def refresh_all() -> None:
    """Issue this minute's forecasts."""
    refresh.refresh_all(now=clock.now())


@shared_task(name="controlplane.forecasts.tasks.train_due", time_limit=600, soft_time_limit=540)
def train_due() -> None:
    """Train the workloads that have waited longest, for a share of a minute."""
    train.train_due(now=clock.now())


@shared_task(name="controlplane.forecasts.tasks.retain")
def retain() -> None:
    """Drop old forecasts, versions and artifacts."""
    retention.retain(now=clock.now())
