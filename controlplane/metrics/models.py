"""Series, the durable batch log in front and the compressed chunks behind it."""

from typing import ClassVar

from django.db import models

from controlplane.accounts.models import Team
from controlplane.metrics.sample import Kind


class SeriesRow(models.Model):
    """One stored series. `last_*` say what was newest when the log was last compacted."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="series", db_index=False)
    key = models.CharField(max_length=64)  # SHA-256 of the identity
    signal = models.CharField(max_length=256)
    kind = models.CharField(max_length=12, choices=[(kind.value, kind.value) for kind in Kind])
    labels = models.JSONField()
    source = models.CharField(max_length=256)  # the name it was sent under
    created_at = models.DateTimeField()
    last_at = models.DateTimeField(null=True, blank=True)
    last_value = models.FloatField(null=True, blank=True)
    last_received_at = models.DateTimeField(null=True, blank=True)
    ended = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "key"], name="one_row_per_series")
        ]
        indexes: ClassVar = [models.Index(fields=["team", "signal"], name="series_by_signal")]

    def __str__(self) -> str:
        return f"{self.signal} {self.labels}"


class Batch(models.Model):
    """One request's samples, committed before it is answered; gone once they are in chunks.

    `token` tells two batches of the same id apart, so that a cached one is never taken for
    another after a roll-back.
    """

    team = models.ForeignKey(Team, models.CASCADE, related_name="batches", db_index=False)
    token = models.BigIntegerField()
    received_at = models.DateTimeField()
    count = models.PositiveIntegerField()
    min_ms = models.BigIntegerField()
    max_ms = models.BigIntegerField()
    payload = models.BinaryField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["team", "max_ms"], name="batch_by_time")]

    def __str__(self) -> str:
        return f"{self.count} samples"


class Chunk(models.Model):
    """Some samples of one series, ascending and unique, encoded by codec.py.

    Chunks of a series may overlap in time after late samples; readers merge them.
    """

    series = models.ForeignKey(SeriesRow, models.CASCADE, related_name="chunks", db_index=False)
    start_ms = models.BigIntegerField()
    end_ms = models.BigIntegerField()
    count = models.PositiveIntegerField()
    payload = models.BinaryField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["series", "end_ms"], name="chunk_by_time")]

    def __str__(self) -> str:
        return f"{self.count} samples of series {self.series_id}"
