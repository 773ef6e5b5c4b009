"""Observed replicas × price → the hourly ledger."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import structlog
from django.db.models import Max
from numpy.typing import NDArray

from controlplane.common.heartbeats import beat
from controlplane.costs.models import CostEntry
from controlplane.decisions.pools import size_labels
from controlplane.metrics.look import together
from controlplane.metrics.selectors import series
from controlplane.workloads.models import Pool, Workload
from forecasting.series import Values, aligned
from scaler.pricing import Bill, bill

log = structlog.get_logger(__name__)
HOUR = timedelta(hours=1)
STEP = timedelta(minutes=1)
MINUTES = 60
CARRY = 5  # minutes that the last seen size is taken to have lasted when a sample is missing
LATE = HOUR  # samples may arrive this late and still correct the ledger
FAR = timedelta(days=14)
_COLUMNS = (
    "replica_hours",
    "cost",
    "baseline_replica_hours",
    "baseline_cost",
    "currency",
    "covered",
)


def roll_up(workload: Workload, *, since: datetime, now: datetime) -> int:
    """Write or correct every hour from `since` to `now`; how many entries.

    Only minutes in which every pool was observed are counted, on both sides of the comparison, so
    that a gap in the data is neither a cost nor a saving; an hour without any gets no entry. The
    running hour grows as it passes. Prices are those of now. A pool without a price leaves the
    workload without a ledger: the cost of the others would look like the cost of all.
    """
    pools = list(workload.pools.all())
    if not pools or any(pool.price is None for pool in pools):
        return 0
    baseline = workload.spec.baseline
    replicas = baseline.replicas if baseline else None
    entries = [
        _entry(workload, hour, pools, _bill(sizes, pools, replicas), sizes.shape[1])
        for hour, sizes in _hours(workload, pools, aligned(since, HOUR), aligned(now, STEP))
    ]
    CostEntry.objects.bulk_create(
        entries,
        update_conflicts=True,
        unique_fields=["workload", "hour"],
        update_fields=_COLUMNS,
    )
    return len(entries)


def _hours(
    workload: Workload, pools: list[Pool], start: datetime, end: datetime
) -> Iterator[tuple[datetime, Values]]:
    """Each hour that was observed at all, and the pools' sizes in its counted minutes.

    The sizes have one row a pool and one column a minute.
    """
    sizes = np.array([_sizes(workload, pool, start, end) for pool in pools])
    unborn = np.array([_unborn(pool, start, sizes.shape[1]) for pool in pools])
    seen = np.isfinite(sizes)
    counted = (seen | unborn).all(axis=0) & seen.any(axis=0)
    sizes[~seen & unborn] = 0.0  # one that was not there yet cost nothing
    for first in range(0, sizes.shape[1], MINUTES):
        within = slice(first, first + MINUTES)
        if counted[within].any():
            yield start + first * STEP, sizes[:, within][:, counted[within]]


def _sizes(workload: Workload, pool: Pool, start: datetime, end: datetime) -> Values:
    """One pool's size in every minute; NaN where it was not observed."""
    found = series(
        workload.team_id,
        "infra.replicas.current",
        any_of=(size_labels(workload, pool),),
        span=(start - CARRY * STEP, end),
        step=STEP,
    )
    return found.filled(limit=CARRY).values[CARRY:]


def _unborn(pool: Pool, start: datetime, minutes: int) -> NDArray[np.bool_]:
    """The minutes before the pool was named in the workload's document."""
    if pool.created_at is None:
        return np.zeros(minutes, np.bool_)
    return np.arange(minutes) < (pool.created_at - start) // STEP


def _bill(sizes: Values, pools: list[Pool], baseline: int | None) -> Bill:
    """What the pools cost. The baseline is priced like the first pool."""
    prices = [pool.price or Decimal(0) for pool in pools]
    hours = [Decimal(str(round(float(row.sum()), 6))) / MINUTES for row in sizes]
    return bill(
        tuple(zip(hours, prices, strict=True)),
        observed_hours=Decimal(sizes.shape[1]) / MINUTES,
        baseline=baseline,
        baseline_price=prices[0],
    )


def _entry(
    workload: Workload, hour: datetime, pools: list[Pool], paid: Bill, minutes: int
) -> CostEntry:
    return CostEntry(
        workload=workload,
        hour=hour,
        replica_hours=paid.replica_hours,
        cost=paid.cost,
        baseline_replica_hours=paid.baseline_hours,
        baseline_cost=paid.baseline_cost,
        currency=pools[0].currency,
        covered=minutes / MINUTES,
    )


def roll_up_all(*, now: datetime) -> int:
    """The running hour and those that late samples may still change, for every workload.

    A workload that fails is set aside until the next run. How many failed.
    """
    failed = 0
    rows = Workload.objects.annotate(newest=Max("cost_entries__hour"))
    with together():
        for workload in rows.prefetch_related("pools"):
            since = (workload.newest or now) - LATE
            try:
                roll_up(workload, since=max(since, now - FAR), now=now)
            except Exception:
                failed += 1
                log.exception("ledger.failed", workload=workload.name)
    beat("costs", now=now, detail=f"{failed} failed" if failed else "")
    return failed
