"""A workload and an instant → three hours that it could have lived, as rows."""

from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

from controlplane.costs.models import CostEntry
from controlplane.decisions import record, translate
from controlplane.decisions.models import ActuationRecord, DecisionRecord, WorkloadStatus
from controlplane.forecasts.models import ForecastRecord
from controlplane.metrics.ingest import Run, backfill
from controlplane.workloads.models import Pool, Workload
from forecasting.forecast import QUANTILES
from scaler.engine.decide import decide
from scaler.engine.snapshot import Memory, Mode, Observation, Past, Replicas, Snapshot

HOURS = 3
MINUTE = timedelta(minutes=1)


def seed(row: Workload, *, now: datetime) -> None:
    """Samples every minute, a decision every ten, one forecast, costs of every hour."""
    samples(row, now=now)
    forecast = issue(row, now=now)
    for minutes in range(60 * HOURS, 0, -10):
        decided(row, at=now - minutes * MINUTE, current=4 if minutes > 30 else 6, demand=40.0)
    change = decided(row, at=now - MINUTE, current=4, demand=60.0, forecast=forecast)
    ordered(change, state="verified", at=now - MINUTE)
    costs(row, now=now)
    status(row, now=now, change=change)


def samples(row: Workload, *, now: datetime, hours: float = HOURS) -> None:
    count = round(60 * hours)
    stamps = np.array(
        [round((now - (count - i) * MINUTE).timestamp() * 1000) for i in range(count)], np.int64
    )
    wave = 40 + 10 * np.sin(np.arange(count) / 20)
    own = {"workload": row.name}
    pool = {**own, "pool": "private-a100", "source": "tidewise"}
    p95 = {**own, "quantile": "0.95"}
    runs = [
        Run("service.request.rate", own, stamps, wave),
        Run("experience.e2e", p95, stamps, 0.1 + wave / 1000),
        Run("experience.ttft", p95, stamps, wave / 2000),
        Run("service.requests.waiting", own, stamps, np.zeros(count)),
        Run("infra.gpu.utilization", own, stamps, wave / 100),
        Run("business.tokens.output.rate", own, stamps, wave * 190),
        Run("business.cost.rate", own, stamps, np.full(count, 10.0)),
        Run("business.orders.rate", own, stamps, wave / 10),
        Run("infra.replicas.ready", pool, stamps, np.full(count, 4.0)),
        Run("infra.replicas.current", pool, stamps, np.full(count, 4.0)),
    ]
    backfill(row.team_id, runs, now=now)


def issue(row: Workload, *, now: datetime, level: float = 45.0) -> ForecastRecord:
    values = [[level * (0.8 + 0.4 * q) for q in QUANTILES] for _step in range(30)]
    return ForecastRecord.objects.create(
        workload=row,
        signal="service.request.rate",
        model="seasonal-naive",
        origin=now,
        step_seconds=60,
        quantiles=list(QUANTILES),
        values=values,
        created_at=now,
    )


def decided(
    row: Workload,
    *,
    at: datetime,
    current: int,
    demand: float,
    forecast: ForecastRecord | None = None,
) -> DecisionRecord:
    """A decision by the real engine."""
    spec = row.spec
    seen = Observation("service.request.rate", demand, at, MINUTE, ((at, demand),))
    snapshot = Snapshot(
        workload=row.name,
        at=at,
        mode=Mode(spec.mode),
        replicas=Replicas(current, (), at),
        bounds=translate.bounds(spec),
        capacity=translate.capacity(spec, timedelta(minutes=5)),
        observations=(seen,),
        policies=translate.policies(spec),
        guards=translate.guards(spec),
        forecast=forecast.forecast if forecast else None,
        memory=Memory(wanted=(Past(at - timedelta(minutes=6), current),)),
    )
    verdict = decide(snapshot, now=at)
    return record.store(row, snapshot, verdict, cause="beat", forecast=forecast)


def ordered(row: DecisionRecord, *, state: str, at: datetime, detail: str = "") -> ActuationRecord:
    pool = Pool.objects.get(workload=row.workload)
    number = ActuationRecord.objects.filter(pool=pool).count() + 1
    return ActuationRecord.objects.create(
        decision=row,
        workload=row.workload,
        pool=pool,
        generation=number,
        key=f"{pool.pk}-{number}",
        before=row.current,
        desired=row.desired,
        state=state,
        detail=detail,
        created_at=at,
        expires_at=at + timedelta(minutes=2),
        applied_at=at + timedelta(seconds=1),
        finished_at=at + timedelta(seconds=90),
    )


def costs(
    row: Workload,
    *,
    now: datetime,
    cost: str = "10.004",
    baseline: str | None = "50.005",
    currency: str = "USD",
    hours: int = HOURS,
) -> None:
    start = now.replace(minute=0) - timedelta(hours=hours)
    for i in range(hours):
        CostEntry.objects.create(
            workload=row,
            hour=start + timedelta(hours=i),
            replica_hours=Decimal(4),
            cost=Decimal(cost),
            baseline_replica_hours=None if baseline is None else Decimal(20),
            baseline_cost=None if baseline is None else Decimal(baseline),
            currency=currency,
            covered=1.0,
        )


def status(
    row: Workload, *, now: datetime, change: DecisionRecord | None = None, **figures: object
) -> WorkloadStatus:
    usual = {
        "latency_s": 0.15,
        "slo_s": 0.2,
        "queue": 12,
        "utilization": 0.71,
        "demand": 45.0,
        "per_replica": 12,
        "forecast_change": 0.22,
        "next_change": {"at": (now + timedelta(minutes=4)).isoformat(), "replicas": 2},
        "cost_per_hour": "15.00",
        "currency": "USD",
        "sparkline": [1.0, 2.0, None, 3.0],
        "spark_at": now.isoformat(),
    }
    return WorkloadStatus.objects.create(
        workload=row,
        at=now - timedelta(seconds=5),
        health="ok",
        ready=4,
        pending=2,
        desired=6,
        figures=usual | figures,
        last_change=change,
    )
