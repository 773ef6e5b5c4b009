"""Decisions with their trails, attempts to make them true, and each workload's present state."""

from datetime import datetime
from typing import Any, ClassVar

import cramjam
import orjson
from django.db import models

from controlplane.common.ids import actuation_id, decision_id
from controlplane.forecasts.models import ForecastRecord
from controlplane.workloads.models import Pool, Workload


class PackedJSON(models.BinaryField[Any, Any]):
    """JSON stored as zstd: trails repeat themselves, and there are many of them."""

    def from_db_value(self, value: Any, *_args: Any) -> Any:
        return None if value is None else orjson.loads(bytes(cramjam.zstd.decompress(bytes(value))))

    def get_prep_value(self, value: Any) -> Any:
        if value is None or isinstance(value, bytes):
            return value
        return bytes(cramjam.zstd.compress(orjson.dumps(value), 3))


class DecisionRecord(models.Model):
    """One verdict of the engine: what it saw, what it wanted, what limited it. Never changed."""

    public_id = models.CharField(max_length=40, unique=True, default=decision_id)
    workload = models.ForeignKey(Workload, models.CASCADE, related_name="decisions")
    tick = models.BigIntegerField()  # Unix milliseconds of the instant it decided about
    at = models.DateTimeField()
    cause = models.CharField(max_length=20)  # beat, samples, person, history
    revision = models.PositiveIntegerField(default=0)  # of the document it was decided by
    mode = models.CharField(max_length=12)
    current = models.PositiveIntegerField()
    desired = models.PositiveIntegerField()
    wanted = models.PositiveIntegerField()
    binding = models.CharField(max_length=60, blank=True)
    held = models.BooleanField()  # True when desired equals current
    trail = PackedJSON()
    snapshot = PackedJSON(null=True)  # None once the decision is only kept for its outcome
    forecast = models.ForeignKey(ForecastRecord, models.SET_NULL, null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workload", "tick"], name="one_decision_per_tick")
        ]
        indexes: ClassVar = [
            models.Index(fields=["workload", "-at"], name="decisions_by_time"),
            models.Index(fields=["held", "at"], name="held_decisions"),
        ]

    def __str__(self) -> str:
        return f"{self.workload} {self.current} -> {self.desired}"

    @property
    def change(self) -> int:
        return self.desired - self.current


class ActuationState(models.TextChoices):
    """promises 7.1, as far as an automatic decision walks it."""

    APPROVED = "approved"
    EXECUTING = "executing"
    UNKNOWN = "unknown"
    APPLIED = "applied"
    VERIFIED = "verified"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


FINAL = frozenset({"verified", "failed", "superseded", "expired"})


class ActuationRecord(models.Model):
    """One attempt to make one pool's part of a decision true; a worker claims it."""

    public_id = models.CharField(max_length=40, unique=True, default=actuation_id)
    decision = models.ForeignKey(DecisionRecord, models.CASCADE, related_name="actuations")
    workload = models.ForeignKey(Workload, models.CASCADE, related_name="actuations")
    pool = models.ForeignKey(Pool, models.CASCADE, related_name="actuations")
    generation = models.PositiveBigIntegerField()  # rises with every order to the pool
    key = models.CharField(max_length=64, unique=True)  # what the provider sees: once per key
    before = models.PositiveIntegerField()
    desired = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=ActuationState.choices)
    detail = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["pool", "generation"], name="generations_rise"),
            models.UniqueConstraint(
                fields=["pool"],
                condition=models.Q(state__in=["executing", "unknown"]),
                name="one_running_actuation_per_pool",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "created_at"], name="open_actuations")]

    def __str__(self) -> str:
        return f"{self.pool} {self.before} -> {self.desired} ({self.state})"


class WorkloadStatus(models.Model):
    """What the last look at a workload saw: one row that the overview reads instead of series."""

    workload = models.OneToOneField(Workload, models.CASCADE, related_name="status")
    at = models.DateTimeField()
    health = models.CharField(max_length=12)  # ok, risk, stale, waiting, off
    ready = models.PositiveIntegerField(null=True)
    pending = models.PositiveIntegerField(null=True)
    desired = models.PositiveIntegerField(null=True)
    figures = models.JSONField(default=dict)  # latency_p95, queue, utilization, demand, sparkline …
    last_change = models.ForeignKey(DecisionRecord, models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.workload}: {self.health}"

    def age(self, now: datetime) -> float:
        """Seconds since this was written."""
        return (now - self.at).total_seconds()
