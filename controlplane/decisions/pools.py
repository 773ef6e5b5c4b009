"""Each pool, read from the world → its row, and fresh samples of its replicas."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from controlplane.common.errors import ProductError
from controlplane.decisions.actuators import actuator_for
from controlplane.metrics.ingest import accept_own
from controlplane.workloads.models import Pool, Workload
from scaler.actuators.simulated import SimulatedCloud
from scaler.engine.snapshot import Replicas
from scaler.errors import ActuationError, NotFound

log = structlog.get_logger(__name__)
_READ_COLUMNS = ("ready", "pending", "observed_at", "trouble")


def refresh_pool(pool: Pool, *, now: datetime) -> None:
    """Read one pool now and store what was seen."""
    refresh_pools([pool], now=now)


def refresh_pools(pools: Iterable[Pool], *, now: datetime) -> None:
    """Read every pool. A failed read keeps the old row, whose age then says it is stale.

    The size is a row before it is a sample: a store that cannot take the sample now must not keep
    the engine from knowing the size.
    """
    read = list(pools)
    for pool in read:
        _read(pool, now)
    Pool.objects.bulk_update(read, _READ_COLUMNS)
    by_team: dict[int, list[Pool]] = {}
    for pool in read:
        if not pool.trouble:
            by_team.setdefault(pool.workload.team_id, []).append(pool)
    for team, members in by_team.items():
        try:
            accept_own(team, _samples(members), now=now)
        except ProductError as error:
            log.warning("pool.samples_lost", team=team, error=str(error))


def _read(pool: Pool, now: datetime) -> None:
    """Bring the row up to date in memory."""
    try:
        seen = _observed(pool, now)
    except Exception as error:
        # Whatever it was: one provider's surprise must not blind the other pools.
        known = isinstance(error, ActuationError)
        log.warning("pool.read_failed", pool=str(pool.pk), error=str(error), exc_info=not known)
        pool.trouble = (str(error) if known else "The read failed unexpectedly.")[:200]
        return
    _note(pool, seen)


def _observed(pool: Pool, now: datetime) -> Replicas:
    """One read. A pretend target exists from the moment somebody names it; a real one never so."""
    actuator = actuator_for(pool.kind)
    try:
        return actuator.observe(pool.scale_target, now=now)
    except NotFound:
        if not isinstance(actuator, SimulatedCloud):
            raise
    size = pool.ready if pool.ready is not None else max(1, pool.minimum)
    lead_time = timedelta(seconds=pool.lead_seconds)
    actuator.ensure(pool.scale_target, ready=size, lead_time=lead_time)
    log.info("pool.simulated", pool=str(pool), ready=size)
    return actuator.observe(pool.scale_target, now=now)


def _note(pool: Pool, seen: Replicas) -> None:
    pool.ready, pool.observed_at, pool.trouble = seen.ready, seen.observed_at, ""
    pool.pending = [at.isoformat() for at in seen.pending]


def size_labels(workload: Workload, pool: Pool) -> dict[str, str]:
    """What marks the series of a pool's size as read by us; nobody else's numbers are billed."""
    return {"workload": workload.name, "pool": pool.name, "source": "tidewise"}


def _samples(pools: list[Pool]) -> list[tuple[str, dict[str, str], float]]:
    """The effect of scaling as ordinary samples: (signal, labels, value)."""
    rows = []
    for pool in pools:
        labels = size_labels(pool.workload, pool)
        ready, pending = pool.ready or 0, len(pool.pending)
        rows += [
            ("infra.replicas.ready", labels, float(ready)),
            ("infra.replicas.starting", labels, float(pending)),
            ("infra.replicas.current", labels, float(ready + pending)),
        ]
    return rows
