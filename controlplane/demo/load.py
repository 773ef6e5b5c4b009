"""A moment → two weeks of demo history in the store and in rows, once.

1. replay every workload in memory; nothing is written
2. store the series, workload by workload; nothing refers to them yet
3. write rows in one transaction: workloads, decisions, orders, forecasts, ledger, and last the
   demo's own row, which says that the workload is loaded
4. catch up with the time this took, and let the product look at each workload once

Interrupted before the end of 3, nothing but series is there, and the next start removes them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import structlog
from django.db import transaction

from controlplane.accounts.models import Team
from controlplane.accounts.services import ensure_team
from controlplane.costs import ledger
from controlplane.decisions import cycle, retention
from controlplane.decisions.pools import refresh_pools
from controlplane.demo import doors, plans, rows
from controlplane.demo.closing import close
from controlplane.demo.clouds import create_target
from controlplane.demo.document import document
from controlplane.demo.models import DemoWorkload
from controlplane.demo.noise import Floats, Ints
from controlplane.demo.plans import Plan
from controlplane.demo.replay import History, replay
from controlplane.demo.steps import Steps, known
from controlplane.demo.telemetry import Reading, readings
from controlplane.forecasts import refresh
from controlplane.metrics.ingest import store as series_store
from controlplane.metrics.models import Chunk, SeriesRow
from controlplane.workloads.models import Workload
from controlplane.workloads.services import save_document
from controlplane.workloads.spec import WorkloadDocument

log = structlog.get_logger(__name__)
TEAM = "default"
ACTOR = "command:demo_load"
Clock = Callable[[], datetime]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Past:
    plan: Plan
    document: WorkloadDocument
    history: History
    packed: list[rows.Packed]
    start: datetime


def load(
    *, clock: Clock, trace: Path | None = None, days: timedelta = plans.HISTORY, tell: Tell
) -> list[str]:
    """Load what is missing; the names of the workloads that were loaded.

    Raises InvalidInput for a trace that cannot be replayed, Conflict when a name is taken.
    """
    now = clock()
    team = ensure_team(TEAM)
    wanted = plans.generated()
    if trace is not None:
        wanted.append(plans.from_trace(trace, now=now))
    wanted = plans.missing(wanted, team.pk)
    if not wanted:
        return []
    clear(team, [plan.profile.name for plan in wanted], now=now)
    pasts = [_replayed(plan, now, days, tell) for plan in wanted]
    for past in pasts:
        _store_series(team, past.plan, past.history.steps, past.history.ends, now=now)
        tell(f"{past.plan.profile.name}: series stored")
    loaded = _store_rows(team, pasts, now=now)
    tell(f"{len(loaded)} workloads with their decisions and costs stored")
    for past in pasts:
        steps, ends = close(past.plan, past.history, clock())
        _store_series(team, past.plan, steps, ends, now=clock())
    _look(loaded, clock)
    return [row.name for row in loaded]


def clear(team: Team, names: Sequence[str], *, now: datetime) -> None:
    """Remove the samples that an interrupted load, or an earlier demo, left behind.

    The series' rows stay: an id that some process remembers must stay true for ever.
    """
    ids = list(
        SeriesRow.objects.filter(team=team, labels__workload__in=list(names)).values_list(
            "pk", flat=True
        )
    )
    if ids:
        series_store.compact(now=now, force=True)
        for low in range(0, len(ids), 500):
            Chunk.objects.filter(series_id__in=ids[low : low + 500]).delete()


def _replayed(plan: Plan, now: datetime, days: timedelta, tell: Tell) -> _Past:
    span = plan.span(now, days)
    owned = document(plan.profile, team=TEAM, static_peak=plan.static_peak(span))
    history = replay(
        plan.profile,
        plan.source,
        plans.rules(plan.profile, owned),
        span,
        keep_held=(now - retention.HELD_FOR).timestamp(),
        seed=plans.SEED,
    )
    tell(f"{plan.profile.name}: {history.decided} decisions replayed")
    return _Past(
        plan, owned, history, rows.packed(history), datetime.fromtimestamp(span.start, UTC)
    )


def _store_series(team: Team, plan: Plan, steps: Steps, ends: Floats, *, now: datetime) -> None:
    """Every signal of the workload, and its replicas as the product counts them."""
    if not len(steps):
        return
    stamps: Ints = np.rint(ends * 1000).astype(np.int64) - 1  # the last instant of each step
    seen, mask = known(steps)
    parts = ((readings(plan.profile, seen), stamps[mask]), (_replicas(plan, steps), stamps))
    for found, at in parts:
        decimals = plan.profile.decimals
        stored = doors.store_history(team.pk, found, at, decimals=decimals, now=now)
        if stored.conflicts:
            log.warning(
                "demo.samples_in_the_way", workload=plan.profile.name, samples=stored.conflicts
            )


def _replicas(plan: Plan, steps: Steps) -> list[Reading]:
    """With the labels that decisions/pools.py gives them: one series, before and after."""
    own = (
        ("pool", plan.profile.pool),
        ("source", "tidewise"),
        ("workload", plan.profile.name),
    )
    return [
        Reading("infra.replicas.ready", own, steps.ready),
        Reading("infra.replicas.starting", own, steps.starting),
        Reading("infra.replicas.current", own, steps.ready + steps.starting),
    ]


@transaction.atomic
def _store_rows(team: Team, pasts: Sequence[_Past], *, now: datetime) -> list[Workload]:
    """Everything that is a row, all of it or nothing."""
    made = []
    for past in pasts:
        plans.keep(past.plan)
        workload = save_document(team, past.document, actor=ACTOR, now=past.start).workload
        pool = workload.pools.get()
        create_target(pool.scale_target, past.plan.profile, past.history.fleet, now=now)
        made.append(rows.Past(workload, pool, past.history, past.packed))
    rows.store(made, now=now)
    for past, one in zip(pasts, made, strict=True):
        ledger.roll_up(one.workload, since=past.start, now=now)
        DemoWorkload.objects.create(
            workload=one.workload,
            profile=past.plan.kind,
            seed=plans.SEED,
            backlog=float(past.history.steps.backlog[-1]),
        )
    return [one.workload for one in made]


def _look(loaded: Sequence[Workload], clock: Clock) -> None:
    """What the workers would do in their first seconds, so that the first page is not empty."""
    for workload in loaded:
        now = clock()
        pools = list(workload.pools.select_related("workload"))
        try:
            refresh_pools(pools, now=now)
            refresh.refresh(workload, now=now)
            fresh = Workload.objects.prefetch_related("pools").get(pk=workload.pk)
            cycle.run(fresh, cause="beat", now=now)
        except Exception:
            # The history is there already; the workers look again in a few seconds.
            log.exception("demo.first_look_failed", workload=workload.name)
