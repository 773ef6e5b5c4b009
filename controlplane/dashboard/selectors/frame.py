"""A team → the rail's workloads and the banners, in four queries."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from controlplane.accounts.models import Team
from controlplane.common.models import Heartbeat
from controlplane.dashboard.presenters.overview import ORDER_OF_HEALTH, health_of
from controlplane.demo.models import DemoWorkload
from controlplane.workloads.models import TeamPause, Workload

LOOP = "cycle"
LOOP_LATE = timedelta(seconds=60)
MOST_LINKS = 14  # workloads in the rail; the overview has them all


@dataclass(frozen=True, slots=True)
class Link:
    """One workload in the rail."""

    name: str
    health: str


def frame_of(team: Team, *, now: datetime) -> dict[str, Any]:
    """Everything beside the page itself."""
    links = _links(team, now)
    return {
        "team": team,
        "links": links[:MOST_LINKS],
        "more": max(0, len(links) - MOST_LINKS),
        "pause": TeamPause.objects.filter(team=team).first(),
        "demo": DemoWorkload.objects.filter(workload__team=team).exists(),
        "stale": [link.name for link in links if link.health == "stale"],
        "loop": _late_loop(now) if links else None,
    }


def _links(team: Team, now: datetime) -> list[Link]:
    """What needs eyes comes first."""
    rows = Workload.objects.filter(team=team).values_list(
        "name", "mode", "paused_by", "status__health", "status__at"
    )
    links = [
        Link(name, health_of(health, at, mode=mode, paused=bool(paused), now=now))
        for name, mode, paused, health, at in rows
    ]
    return sorted(links, key=lambda link: (ORDER_OF_HEALTH.get(link.health, 9) > 0, link.name))


def _late_loop(now: datetime) -> dict[str, Any] | None:
    """When decisions were last made, if that is too long ago."""
    at = Heartbeat.objects.filter(loop=LOOP).values_list("at", flat=True).first()
    if at is not None and now - at <= LOOP_LATE:
        return None
    return {"at": at}
