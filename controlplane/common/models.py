"""When each loop last finished well, as rows that every process can see."""

from django.db import models


class Heartbeat(models.Model):
    """One row per loop; `/readyz`, `/metrics` and the banners read it."""

    loop = models.CharField(max_length=60, unique=True)
    at = models.DateTimeField()
    detail = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.loop} at {self.at:%Y-%m-%d %H:%M:%S} UTC"
