"""Workloads as rows: the owner's document, the pools it names, and what people pinned."""

from datetime import datetime
from typing import ClassVar

from django.db import models

from controlplane.accounts.models import Team
from controlplane.workloads.spec import Spec, WorkloadDocument
from scaler.actuators.base import ScaleTarget
from scaler.engine.snapshot import Mode


class Workload(models.Model):
    """The thing whose size we change. `document` is the owner's word; other columns follow it."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="workloads")
    name = models.CharField(max_length=63)
    document = models.JSONField()
    revision = models.PositiveIntegerField(default=1)
    mode = models.CharField(max_length=12, choices=[(mode.value, mode.value) for mode in Mode])
    paused_by = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "name"], name="workload_name_in_team")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def spec(self) -> Spec:
        return WorkloadDocument.model_validate(self.document).spec

    @property
    def etag(self) -> str:
        """What `If-Match` must carry to change this workload."""
        return f'"{self.pk}.{self.revision}"'

    @property
    def matchers(self) -> tuple[dict[str, str], ...]:
        """Which series belong to this workload: those that carry its name, or all its labels."""
        labels = self.document["metadata"].get("labels") or {}
        return ({"workload": self.name}, *([dict(labels)] if labels else []))


class Pool(models.Model):
    """Identical replicas of one workload at one scale target, and what was last read there."""

    workload = models.ForeignKey(Workload, models.CASCADE, related_name="pools")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=63)
    kind = models.CharField(max_length=40)
    address = models.JSONField(default=dict)
    minimum = models.PositiveIntegerField()
    maximum = models.PositiveIntegerField()
    lead_seconds = models.FloatField()
    price = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    currency = models.CharField(max_length=3, default="USD")
    ready = models.PositiveIntegerField(null=True)
    pending = models.JSONField(default=list)  # expected ready times, ISO 8601
    observed_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=200, blank=True)  # why the last read failed
    created_at = models.DateTimeField(null=True)  # before it, nothing of this pool was paid for

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workload", "name"], name="pool_name_in_workload"),
            models.UniqueConstraint(fields=["kind", "address"], name="one_owner_per_scale_target"),
        ]

    def __str__(self) -> str:
        return f"{self.workload}/{self.name}"

    @property
    def scale_target(self) -> ScaleTarget:
        rest = tuple(sorted((k, str(v)) for k, v in self.address.items() if k != "name"))
        return ScaleTarget(self.kind, str(self.address.get("name", self.name)), rest)


class Override(models.Model):
    """A person pins a size, or (size None) forbids any change, until a time."""

    workload = models.ForeignKey(Workload, models.CASCADE, related_name="overrides")
    size = models.PositiveIntegerField(null=True)
    until = models.DateTimeField()
    by = models.CharField(max_length=120)
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.workload} {'frozen' if self.size is None else self.size}"

    def active(self, now: datetime) -> bool:
        return self.lifted_at is None and now < self.until


class TeamPause(models.Model):
    """The kill switch of one team: while the row exists, nothing of the team is scaled."""

    team = models.OneToOneField(Team, models.CASCADE, related_name="scaling_pause")
    by = models.CharField(max_length=120)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.team} paused by {self.by}"
