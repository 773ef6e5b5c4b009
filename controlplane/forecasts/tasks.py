"""Messages → services; the only worker that loads torch runs these."""

from celery import shared_task

from controlplane.common import clock
from controlplane.forecasts import refresh, train


@shared_task(name="controlplane.forecasts.tasks.refresh_all", time_limit=110, soft_time_limit=90)
def refresh_all() -> None:
    """Issue this minute's forecasts."""
    refresh.refresh_all(now=clock.now())


@shared_task(name="controlplane.forecasts.tasks.train_due", time_limit=600, soft_time_limit=540)
def train_due() -> None:
    """Train the workload that has waited longest, and come back when there was one."""
    if train.train_due(now=clock.now()):
        train_due.apply_async(queue="forecast", expires=300)
