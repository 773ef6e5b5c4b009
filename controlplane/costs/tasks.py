"""Messages → the ledger."""

from celery import shared_task

from controlplane.common import clock
from controlplane.costs import ledger


@shared_task(name="controlplane.costs.tasks.roll_up", time_limit=110, soft_time_limit=90)
def roll_up() -> None:
    """Bring the running hour up to date."""
    ledger.roll_up_all(now=clock.now())
