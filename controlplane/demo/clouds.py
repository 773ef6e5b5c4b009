"""A fleet of the past → a scale target in the simulated cloud, with what was starting then."""

from datetime import UTC, datetime, timedelta

from controlplane.decisions.actuators import actuator_for
from controlplane.demo.fleet import Fleet
from controlplane.demo.profiles import Profile
from scaler.actuators.base import ScaleTarget
from scaler.actuators.simulated import SimulatedCloud
from scaler.errors import Transient

SIMULATED = "simulated"  # the only kind of cloud that the demo may make targets in
TRIES = 20  # a write fails one time in fifty


def create_target(target: ScaleTarget, profile: Profile, fleet: Fleet, *, now: datetime) -> None:
    """Make the target as the fleet left it: ready replicas, and orders that are still starting."""
    cloud = _cloud()
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
    """The target again, when its cloud's file was lost."""
    _create(_cloud(), target, profile, ready=ready)


def _cloud() -> SimulatedCloud:
    """The very adapter that the product's workers use."""
    found = actuator_for(SIMULATED)
    if not isinstance(found, SimulatedCloud):
        raise TypeError(f"{found!r} cannot make scale targets")
    return found


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
