"""A fleet of the past → a scale target in the simulated cloud, with what was starting then."""

from datetime import UTC, datetime, timedelta

from django.conf import settings

from controlplane.demo.fleet import Fleet
from controlplane.demo.profiles import Profile
from scaler.actuators.base import ScaleTarget
from scaler.actuators.simulated import SimulatedCloud
from scaler.errors import Transient

TRIES = 20  # a write fails one time in fifty


def create_target(target: ScaleTarget, profile: Profile, fleet: Fleet, *, now: datetime) -> None:
    """Make the target as the fleet left it: ready replicas, and orders that are still starting."""
    cloud = SimulatedCloud(settings.CLOUD_DIR)
    _create(cloud, target, profile, ready=fleet.ready)
    if not fleet.pending:
        return
    ordered = fleet.pending[0] - profile.cloud.lead
    at = min(datetime.fromtimestamp(ordered, UTC), now)
    key = f"demo-{target.name}-{round(at.timestamp())}-{round(now.timestamp() * 1000)}"
    for _ in range(TRIES):
        try:
            cloud.scale(target, fleet.current, key=key, now=at)
        except Transient:
            continue
        return


def ensure_target(target: ScaleTarget, profile: Profile, *, ready: int) -> None:
    """The target again, when its cloud's file was lost; it raises whatever the cloud raises."""
    _create(SimulatedCloud(settings.CLOUD_DIR), target, profile, ready=ready)


def _create(cloud: SimulatedCloud, target: ScaleTarget, profile: Profile, *, ready: int) -> None:
    behaviour = profile.cloud
    cloud.create(
        target,
        ready=ready,
        lead_time=timedelta(seconds=behaviour.lead),
        jitter=behaviour.jitter,
        failure_rate=behaviour.failure_rate,
        seed=sum(profile.name.encode()),
    )
