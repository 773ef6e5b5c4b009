"""Trained models and what they said, as rows."""

from datetime import timedelta
from typing import Any, ClassVar

import numpy as np
from django.db import models

from controlplane.common.ids import forecast_id, model_id
from controlplane.workloads.models import Workload
from forecasting.forecast import Forecast


class ModelState(models.TextChoices):
    """One champion per workload serves; a challenger was trained later and did worse."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"
    RETIRED = "retired"


class ModelVersion(models.Model):
    """One trained artifact of one workload: where it lies and how well it did on held-out data."""

    public_id = models.CharField(max_length=40, unique=True, default=model_id)
    workload = models.ForeignKey(Workload, models.CASCADE, related_name="model_versions")
    name = models.CharField(max_length=60)  # the estimator's name
    number = models.PositiveIntegerField()  # v1, v2 … per workload
    state = models.CharField(max_length=12, choices=ModelState.choices)
    reason = models.CharField(max_length=300, blank=True)
    # Folder below the model directory; empty when there is nothing left to load.
    artifact = models.CharField(max_length=200, blank=True)
    checksum = models.CharField(max_length=64, blank=True)
    scores = models.JSONField(default=dict)  # relative weighted quantile loss, coverage
    history_start = models.DateTimeField()
    history_end = models.DateTimeField()
    fit_seconds = models.FloatField()
    trained_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workload", "name", "number"], name="one_number_per_model"
            ),
            models.UniqueConstraint(
                fields=["workload"], condition=models.Q(state="champion"), name="one_champion"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.number} of {self.workload}"


class Training(models.Model):
    """When a workload was last trained, how that went, and when it is due again.

    A training is written down as failed before it begins and as done when it is: one that was
    killed half way, by the system or by its time limit, needs nobody to report it.
    """

    workload = models.OneToOneField(
        Workload, models.CASCADE, primary_key=True, related_name="training"
    )
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)  # None while it runs, or when it was killed
    due_at = models.DateTimeField(db_index=True)
    failures = models.PositiveSmallIntegerField(default=0)  # since the last success
    trouble = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"training of {self.workload}"


class ForecastRecord(models.Model):
    """A forecast as issued: never changed, so that it can be held against what came."""

    public_id = models.CharField(max_length=40, unique=True, default=forecast_id)
    workload = models.ForeignKey(Workload, models.CASCADE, related_name="forecasts")
    version = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="forecasts")
    signal = models.CharField(max_length=128)
    model = models.CharField(max_length=60)
    origin = models.DateTimeField()
    step_seconds = models.FloatField()
    quantiles = models.JSONField()
    values = models.JSONField()  # one row per step, one column per quantile
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["workload", "-origin"], name="latest_forecast")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workload", "origin"], name="one_forecast_per_origin")
        ]

    def __str__(self) -> str:
        return f"{self.workload} at {self.origin:%Y-%m-%d %H:%M} UTC by {self.model}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises TypeError when the row exists already."""
        if not self._state.adding:
            raise TypeError("an issued forecast is never changed; issue another one")
        super().save(*args, **kwargs)

    @property
    def forecast(self) -> Forecast:
        """The engine's value of this row."""
        return Forecast(
            origin=self.origin,
            step=timedelta(seconds=self.step_seconds),
            quantiles=tuple(self.quantiles),
            values=np.array(self.values, dtype=np.float64),
            model=self.model,
        )
