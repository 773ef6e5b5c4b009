"""One row per workload and hour: what was paid, and what the declared baseline would have cost."""

from decimal import Decimal
from typing import ClassVar

from django.db import models

from controlplane.workloads.models import Workload


class CostEntry(models.Model):
    """Replica-hours and money of one hour; `covered` is the share of the hour that was observed."""

    workload = models.ForeignKey(Workload, models.CASCADE, related_name="cost_entries")
    hour = models.DateTimeField()
    replica_hours = models.DecimalField(max_digits=14, decimal_places=6)
    cost = models.DecimalField(max_digits=14, decimal_places=6)
    baseline_replica_hours = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    baseline_cost = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    currency = models.CharField(max_length=3)
    covered = models.FloatField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workload", "hour"], name="one_entry_per_hour")
        ]
        indexes: ClassVar = [models.Index(fields=["hour"], name="ledger_by_hour")]

    def __str__(self) -> str:
        return f"{self.workload} {self.hour:%Y-%m-%d %H}:00 UTC {self.cost} {self.currency}"

    @property
    def saved(self) -> Decimal | None:
        """Baseline minus paid; negative when autoscaling cost more, None without a baseline."""
        return None if self.baseline_cost is None else self.baseline_cost - self.cost
