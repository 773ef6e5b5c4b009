"""Messages → services. Every task takes ids, is idempotent and short."""

from celery import shared_task

from controlplane.common import clock
from controlplane.decisions import actuate, cycle, reconcile, retention
from controlplane.workloads.models import Workload


@shared_task(name="controlplane.decisions.tasks.tick", time_limit=60, soft_time_limit=45)
def tick() -> None:
    """Look at every workload."""
    cycle.run_all(now=clock.now())


@shared_task(name="controlplane.decisions.tasks.evaluate", time_limit=30, soft_time_limit=20)
def evaluate(workload_id: int) -> None:
    """Look at one workload, because fresh samples of a driver came."""
    workload = Workload.objects.prefetch_related("pools").filter(pk=workload_id).first()
    if workload is not None:
        cycle.run(workload, cause="samples", now=clock.now())


@shared_task(name="controlplane.decisions.tasks.execute", time_limit=30, soft_time_limit=20)
def execute(actuation_id: int) -> None:
    """Carry out one approved actuation."""
    actuate.execute(actuation_id, now=clock.now())


@shared_task(name="controlplane.decisions.tasks.reconcile", time_limit=60, soft_time_limit=45)
def reconcile_all() -> None:
    """Finish what lost messages and dead workers left behind."""
    reconcile.reconcile(now=clock.now())


@shared_task(name="controlplane.decisions.tasks.retain", time_limit=110, soft_time_limit=90)
def retain() -> None:
    """Drop decisions that nobody will ask about any more."""
    retention.retain(now=clock.now())
