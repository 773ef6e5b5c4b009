"""What the demo world must remember between steps and restarts."""

from datetime import datetime

from django.db import models

from controlplane.workloads.models import Workload


class DemoWorkload(models.Model):
    """One synthetic workload: its seed, its queue and the surge a visitor asked for."""

    workload = models.OneToOneField(Workload, models.CASCADE, related_name="demo")
    profile = models.CharField(max_length=40)
    seed = models.PositiveIntegerField()
    backlog = models.FloatField(default=0.0)  # requests waiting at the end of the last step
    surge_until = models.DateTimeField(null=True)
    surge_factor = models.FloatField(default=1.0)

    def __str__(self) -> str:
        return f"demo of {self.workload}"

    def surging(self, now: datetime) -> bool:
        return self.surge_until is not None and now < self.surge_until
