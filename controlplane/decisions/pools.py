"""Each pool, read from the world → its row, and fresh samples of its replicas."""

from collections.abc import Iterable
from datetime import datetime

import structlog

from controlplane.decisions.actuators import actuator_for
from controlplane.metrics.ingest import accept_own
from controlplane.workloads.models import Pool
from scaler.engine.snapshot import Replicas
from scaler.errors import ActuationError

log = structlog.get_logger(__name__)
_READ_COLUMNS = ("ready", "pending", "observed_at", "trouble")


def refresh_pool(pool: Pool, *, now: datetime) -> None:
    """Read one pool now and store what was seen."""
    refresh_pools([pool], now=now)


def refresh_pools(pools: Iterable[Pool], *, now: datetime) -> None:
    """Read every pool. A failed read keeps the old row, whose age then says it is stale."""
    read = [pool for pool in pools if _read(pool, now)]
    Pool.objects.bulk_update(read, _READ_COLUMNS)
    by_team: dict[int, list[Pool]] = {}
    for pool in read:
        if not pool.trouble:
            by_team.setdefault(pool.workload.team_id, []).append(pool)
    for team, members in by_team.items():
        accept_own(team, _samples(members), now=now)


def _read(pool: Pool, now: datetime) -> bool:
    """Bring the row up to date in memory; True when it changed."""
    try:
        seen = actuator_for(pool.kind).observe(pool.scale_target, now=now)
    except ActuationError as error:
        log.warning("pool.read_failed", pool=str(pool.pk), error=str(error))
        pool.trouble = str(error)[:200]
        return True
    _note(pool, seen)
    return True


def _note(pool: Pool, seen: Replicas) -> None:
    pool.ready, pool.observed_at, pool.trouble = seen.ready, seen.observed_at, ""
    pool.pending = [at.isoformat() for at in seen.pending]


def _samples(pools: list[Pool]) -> list[tuple[str, dict[str, str], float]]:
    """The effect of scaling as ordinary samples: (signal, labels, value)."""
    rows = []
    for pool in pools:
        labels = {"workload": pool.workload.name, "pool": pool.name, "source": "tidewise"}
        ready, pending = pool.ready or 0, len(pool.pending)
        rows += [
            ("infra.replicas.ready", labels, float(ready)),
            ("infra.replicas.starting", labels, float(pending)),
            ("infra.replicas.current", labels, float(ready + pending)),
        ]
    return rows
