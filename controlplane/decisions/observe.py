"""Rows of one workload at one instant → a Snapshot: the seam, inward."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from controlplane.decisions import translate
from controlplane.decisions.models import ActuationRecord, DecisionRecord
from controlplane.forecasts.models import ForecastRecord
from controlplane.metrics.catalogue.signals import describe
from controlplane.metrics.selectors import Seen, seen_many
from controlplane.workloads.models import Override as OverrideRow
from controlplane.workloads.models import Pool, TeamPause, Workload
from controlplane.workloads.spec import Spec
from scaler.engine.snapshot import (
    Change,
    Memory,
    Mode,
    Observation,
    Override,
    Past,
    Replicas,
    Snapshot,
)

FORECAST_MAX_AGE = timedelta(minutes=10)
MEMORY_MARGIN = timedelta(minutes=1)
RATE_SPAN = timedelta(minutes=2)  # the longest time that the rate guardrail limits
# Ordered, as far as is known: a cooldown must not forget an order whose row has ended since.
_TOOK_EFFECT = Q(applied_at__isnull=False) | Q(state__in=("executing", "unknown"))


@dataclass(frozen=True, slots=True)
class Look:
    """A snapshot, and the rows and readings it was made from."""

    snapshot: Snapshot
    spec: Spec
    pools: tuple[Pool, ...]
    forecast: ForecastRecord | None
    readings: dict[tuple[str, float | None], Seen]


def observe(workload: Workload, *, now: datetime) -> Look:
    """Everything the engine may know, read once.

    1. the owner's document and what people pinned or paused
    2. the pools as last read from the world (None when one could not be read)
    3. signals over the longest window a policy needs, in one pass over the store
    4. the newest forecast that is not too old
    5. the memory that guards need, from the decision log
    """
    spec = workload.spec
    pools = tuple(workload.pools.all())
    readings = seen_many(
        workload.team_id,
        translate.wanted_signals(spec),
        any_of=workload.matchers,
        now=now,
        window=translate.window(spec),
    )
    forecast = latest_forecast(workload, now=now)
    snapshot = Snapshot(
        workload=workload.name,
        at=now,
        mode=Mode(spec.mode),
        replicas=read_replicas(pools),
        bounds=translate.bounds(spec),
        capacity=translate.capacity(spec, lead_time(pools)),
        observations=_observations(readings, spec, now),
        policies=translate.policies(spec),
        demand=spec.demand.signal,
        guards=translate.guards(spec),
        forecast=forecast.forecast if forecast else None,
        memory=_memory(workload, spec, now),
        override=_override(workload, now),
        paused=bool(workload.paused_by)
        or TeamPause.objects.filter(team_id=workload.team_id).exists(),
    )
    return Look(snapshot, spec, pools, forecast, readings)


def read_replicas(pools: tuple[Pool, ...]) -> Replicas | None:
    """All pools together, as old as the oldest read; None when one was never read."""
    reads = [pool.observed_at for pool in pools if pool.observed_at and pool.ready is not None]
    if not reads or len(reads) < len(pools):
        return None
    pending = sorted(datetime.fromisoformat(at) for pool in pools for at in pool.pending)
    return Replicas(sum(pool.ready or 0 for pool in pools), tuple(pending), min(reads))


def lead_time(pools: tuple[Pool, ...]) -> timedelta:
    """The slowest pool's: an order must be placed early enough for any of them."""
    return timedelta(seconds=max((pool.lead_seconds for pool in pools), default=300.0))


def latest_forecast(workload: Workload, *, now: datetime) -> ForecastRecord | None:
    """The newest forecast, unless it is too old to be acted upon."""
    row = workload.forecasts.order_by("-origin").first()
    return row if row and now - row.created_at <= FORECAST_MAX_AGE else None


def _observations(
    readings: dict[tuple[str, float | None], Seen], spec: Spec, now: datetime
) -> tuple[Observation, ...]:
    first: dict[str, Seen] = {}  # what policies mean comes before the SLO's other quantile
    for (signal, _quantile), seen in readings.items():
        first.setdefault(signal, seen)
    holds = translate.holds(spec)
    return tuple(
        Observation(
            signal,
            seen.value,
            seen.received_at,
            seen.interval,
            _recent(seen, now - holds.get(signal, timedelta(0))),
            describe(signal).unit,
        )
        for signal, seen in first.items()
    )


def _recent(seen: Seen, since: datetime) -> tuple[tuple[datetime, float], ...]:
    """The past that a policy asks about, and a little more: every decision stores all of it."""
    start = since - max(translate.MARGIN, 3 * seen.interval)
    return tuple((at, value) for at, value in seen.history if at >= start)


def _memory(workload: Workload, spec: Spec, now: datetime) -> Memory:
    since = now - spec.guardrails.scale_down_stabilization - MEMORY_MARGIN
    wanted = DecisionRecord.objects.filter(workload=workload, at__gte=since, at__lt=now)
    orders = ActuationRecord.objects.filter(_TOOK_EFFECT, workload=workload)
    recent = list(
        orders.order_by("-created_at").values_list("created_at", "before", "desired")[:50]
    )
    return Memory(
        wanted=tuple(
            Past(at, size) for at, size in wanted.order_by("at").values_list("at", "wanted")
        ),
        last_up=next((at for at, before, desired in recent if desired > before), None),
        last_down=next((at for at, before, desired in recent if desired < before), None),
        changes=tuple(
            Change(at, desired - before)
            for at, before, desired in reversed(recent)
            if now - at < RATE_SPAN
        ),
        every=timedelta(seconds=settings.CYCLE_SECONDS),
    )


def _override(workload: Workload, now: datetime) -> Override | None:
    row = (
        OverrideRow.objects.filter(workload=workload, lifted_at=None, until__gt=now)
        .order_by("-created_at")
        .first()
    )
    return Override(row.size, row.until, row.by, row.reason) if row else None
