"""Observed replicas × price → the hourly ledger."""

from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

from controlplane.common.heartbeats import beat
from controlplane.costs.models import CostEntry
from controlplane.metrics.selectors import series
from controlplane.workloads.models import Pool, Workload
from forecasting.series import Series, aligned

HOUR = timedelta(hours=1)
STEP = timedelta(minutes=1)
CARRY = 5  # minutes that the last seen size is taken to have lasted when a sample is missing


def roll_up(workload: Workload, *, since: datetime, now: datetime) -> int:
    """Write or correct every hour from `since` to `now`; how many entries.

    Only minutes in which replicas were observed are counted, on both sides of the comparison, so
    that a gap in the data is neither a cost nor a saving. The running hour grows as it passes.
    """
    start = aligned(since, HOUR)
    pools = [pool for pool in workload.pools.all() if pool.price is not None]
    if not pools:
        return 0
    sizes = [_sizes(workload, pool, start, now) for pool in pools]
    baseline = workload.spec.baseline
    hours = int(np.ceil((now - start) / HOUR))
    for index in range(hours):
        _write(
            workload, start + index * HOUR, pools, sizes, baseline.replicas if baseline else None
        )
    return hours


def _sizes(workload: Workload, pool: Pool, start: datetime, now: datetime) -> Series:
    found = series(
        workload.team_id,
        "infra.replicas.current",
        any_of=({"workload": workload.name, "pool": pool.name},),
        span=(start, now),
        step=STEP,
    )
    return found.filled(limit=CARRY)


def _write(
    workload: Workload,
    hour: datetime,
    pools: list[Pool],
    sizes: list[Series],
    baseline: int | None,
) -> None:
    """One hour's entry. The baseline is priced like the first pool."""
    cost = hours = Decimal(0)
    covered = 0.0
    for pool, series_of in zip(pools, sizes, strict=True):
        minutes = series_of.cut(hour, hour + HOUR)
        seen = minutes.values[~minutes.missing]
        covered = max(covered, len(seen) / 60)
        replica_hours = Decimal(str(round(float(seen.sum()) / 60, 6)))
        hours += replica_hours
        cost += replica_hours * (pool.price or Decimal(0))
    share = Decimal(str(round(covered, 6)))
    base_hours = None if baseline is None else share * baseline
    base_cost = None if base_hours is None else base_hours * (pools[0].price or Decimal(0))
    CostEntry.objects.update_or_create(
        workload=workload,
        hour=hour,
        defaults={
            "replica_hours": hours,
            "cost": cost.quantize(Decimal("0.000001")),
            "baseline_replica_hours": base_hours,
            "baseline_cost": None if base_cost is None else base_cost.quantize(Decimal("0.000001")),
            "currency": pools[0].currency,
            "covered": covered,
        },
    )


def roll_up_all(*, now: datetime) -> None:
    """The running hour and the one before it, for every workload."""
    for workload in Workload.objects.prefetch_related("pools"):
        newest = workload.cost_entries.order_by("-hour").first()
        since = newest.hour if newest else now - HOUR
        roll_up(workload, since=max(since, now - timedelta(days=14)), now=now)
    beat("costs", now=now)
