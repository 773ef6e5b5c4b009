"""A visitor's wish → a surge in the demo world."""

from datetime import datetime, timedelta

from controlplane.accounts.audit import audit
from controlplane.common.errors import Missing
from controlplane.demo.models import DemoWorkload
from controlplane.workloads.models import Workload

SURGE_FACTOR = 3.0
SURGE_LASTS = timedelta(minutes=5)


def surge(workload: Workload, *, actor: str, now: datetime) -> DemoWorkload:
    """Three times the demand for five minutes. Raises Missing when the workload is real."""
    row = DemoWorkload.objects.filter(workload=workload).first()
    if row is None:
        raise Missing("demo.missing", "Only a workload of the demo can be surged.")
    row.surge_until, row.surge_factor = now + SURGE_LASTS, SURGE_FACTOR
    row.save(update_fields=["surge_until", "surge_factor"])
    audit(workload.team, actor=actor, action="demo.surge", subject=workload.name, now=now)
    return row
