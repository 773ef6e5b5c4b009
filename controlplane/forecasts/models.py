"""Trained models and what they said, as rows."""

from datetime import timedelta
from typing import ClassVar

import numpy as np
from django.db import models

from controlplane.common.ids import forecast_id, model_id
from controlplane.workloads.models import Workload
from forecasting.forecast import Forecast


class ModelState(models.TextChoices):
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
    artifact = models.CharField(max_length=200)  # folder below the model directory
    checksum = models.CharField(max_length=64)
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
