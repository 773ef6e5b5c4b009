"""A loop's name → the moment it last did its work."""

from datetime import datetime

from controlplane.common.models import Heartbeat


def beat(loop: str, *, now: datetime, detail: str = "") -> None:
    """Remember that `loop` finished well at `now`."""
    Heartbeat.objects.update_or_create(loop=loop, defaults={"at": now, "detail": detail[:200]})


def heartbeats() -> dict[str, datetime]:
    """Every loop that ever ran, and when it last finished well."""
    return dict(Heartbeat.objects.values_list("loop", "at"))
