"""What a look saw → the one row per workload that the overview reads."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from controlplane.decisions.models import DecisionRecord, WorkloadStatus
from controlplane.decisions.observe import Look
from controlplane.metrics.selectors import Seen, series
from controlplane.workloads.models import Workload
from scaler.engine.decide import SIZE_MAX_AGE
from scaler.engine.decision import Decision
from scaler.engine.snapshot import Mode, Replicas, Snapshot

SPARK_EVERY = timedelta(seconds=55)  # the sparkline has one point a minute
AT_RISK = 1.0  # of the SLO's target


def gather(
    workload: Workload, look: Look, decision: Decision | None, previous: WorkloadStatus | None
) -> WorkloadStatus:
    """The status row as it should be now, not stored yet: reading needs no write transaction."""
    row = previous or WorkloadStatus(workload=workload)
    replicas = known_replicas(look.snapshot)
    figures_now = figures(workload, look, previous)
    row.at = look.snapshot.at
    row.ready = replicas.ready if replicas else None
    row.pending = len(replicas.pending) if replicas else None
    row.desired = decision.desired if decision else None
    row.figures = figures_now
    row.health = health(look, figures_now)
    return row


def write(row: WorkloadStatus, record: DecisionRecord | None) -> None:
    """Store what `gather` made; a decision that changed the size is remembered with it."""
    columns = ["at", "ready", "pending", "desired", "figures", "health"]
    if record is not None and not record.held:
        row.last_change = record
        columns.append("last_change")
    row.save(update_fields=columns if row.pk else None)


def known_replicas(snapshot: Snapshot) -> Replicas | None:
    """The size as last read, or None when that is too long ago to be called the present one."""
    replicas = snapshot.replicas
    old = replicas is not None and snapshot.at - replicas.observed_at > SIZE_MAX_AGE
    return None if old else replicas


def figures(workload: Workload, look: Look, previous: WorkloadStatus | None) -> dict[str, Any]:
    """Numbers in base units; a key is None when there is nothing honest to show."""
    spec = look.spec
    slo = spec.slo
    demand = look.readings.get((spec.demand.signal, None))
    latency = look.readings.get((slo.signal, slo.quantile)) if slo else None
    return {
        "latency_s": _fresh(latency, look.snapshot),
        "slo_s": slo.target.total_seconds() if slo else None,
        "queue": _fresh(look.readings.get(("service.requests.waiting", None)), look.snapshot),
        "utilization": _fresh(look.readings.get(("infra.gpu.utilization", None)), look.snapshot),
        "demand": _fresh(demand, look.snapshot),
        "per_replica": spec.capacity.per_replica,
        "forecast_change": forecast_change(look, _fresh(demand, look.snapshot)),
        "next_change": next_change(look.snapshot),
        **cost_rate(look),
        **sparkline(workload, look, previous),
    }


def health(look: Look, numbers: dict[str, Any]) -> str:
    """off, waiting (nothing ever came), stale, risk (SLO missed or no size read) or ok."""
    if look.snapshot.mode is Mode.OFF:
        return "off"
    if all(seen.received_at is None for seen in look.readings.values()):
        return "waiting"
    if numbers["demand"] is None:
        return "stale"
    latency, slo = numbers["latency_s"], numbers["slo_s"]
    late = latency is not None and slo is not None and latency > AT_RISK * slo
    return "risk" if late or known_replicas(look.snapshot) is None else "ok"


def _fresh(seen: Seen | None, snapshot: Snapshot) -> float | None:
    if seen is None or seen.value is None or seen.received_at is None:
        return None
    limit = max(3 * seen.interval, timedelta(seconds=90))
    return seen.value if snapshot.at - seen.received_at <= limit else None


def forecast_change(look: Look, demand: float | None) -> float | None:
    """Median demand at the end of the horizon against now, as a ratio: +0.22 is 22 % more."""
    forecast = look.snapshot.forecast
    if forecast is None or not demand:
        return None
    return float(forecast.path(0.5).values[-1]) / demand - 1


def next_change(snapshot: Snapshot) -> dict[str, Any] | None:
    """The next replicas that will be ready, and when."""
    replicas = known_replicas(snapshot)
    pending = replicas.pending if replicas else ()
    if not pending:
        return None
    return {"at": min(pending).isoformat(), "replicas": len(pending)}


def cost_rate(look: Look) -> dict[str, Any]:
    """What the present replicas cost an hour; None when any of them has no price."""
    paid = [((pool.ready or 0) + len(pool.pending), pool) for pool in look.pools]
    if any(pool.price is None for _count, pool in paid) or known_replicas(look.snapshot) is None:
        return {"cost_per_hour": None, "currency": None}
    total = sum((count * pool.price for count, pool in paid if pool.price), Decimal(0))
    return {"cost_per_hour": str(total), "currency": look.pools[0].currency}


def sparkline(workload: Workload, look: Look, previous: WorkloadStatus | None) -> dict[str, Any]:
    """Demand of the last hour, one value a minute, read again only once a minute."""
    now: datetime = look.snapshot.at
    if previous and previous.figures.get("spark_at"):
        at = datetime.fromisoformat(previous.figures["spark_at"])
        if now - at < SPARK_EVERY:
            return {key: previous.figures[key] for key in ("sparkline", "spark_at")}
    hour = series(
        workload.team_id,
        look.spec.demand.signal,
        any_of=workload.matchers,
        span=(now - timedelta(hours=1), now),
        step=timedelta(minutes=1),
    )
    values = [None if np.isnan(value) else round(float(value), 3) for value in hour.values[-60:]]
    return {"sparkline": values, "spark_at": now.isoformat()}
