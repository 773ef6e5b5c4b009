"""A moment, every five seconds → the demo world as it is then, sent in as samples.

Each workload: read how many replicas the simulated cloud runs now, let the fleet work off what
arrived since the last step, send what its four layers would have measured. The engine does the
rest by itself: what it orders is seen in the next step.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import structlog

from controlplane.common.errors import ProductError
from controlplane.decisions.actuators import actuator_for
from controlplane.demo import plans
from controlplane.demo.clouds import SIMULATED, ensure_target
from controlplane.demo.doors import Present
from controlplane.demo.host import Host
from controlplane.demo.models import DemoWorkload
from controlplane.demo.physics import Step, advance
from controlplane.demo.plans import Plan
from controlplane.demo.recorded import Recorded
from controlplane.demo.replay import FINE
from controlplane.demo.steps import columns
from controlplane.demo.telemetry import Reading, readings
from controlplane.metrics.selectors import latest_sample_at
from scaler.engine.snapshot import Replicas
from scaler.errors import NotFound

log = structlog.get_logger(__name__)
LONGEST_STEP = 30.0  # seconds; a longer time without a step is a gap, and stays one
SILENT_MOST = 600.0  # seconds of a gap that the queue is worked through
WHOLE = 0  # decimals of the host's counters

Readings = list[tuple[Reading, int]]


@dataclass(slots=True)
class _Course:
    """One workload's plan, and until when (Unix time) its fleet has been run."""

    plan: Plan
    until: float
    laps: int = 0


class World:
    """Every demo workload of this installation, and the machine itself."""

    def __init__(self) -> None:
        self._courses: dict[int, _Course] = {}
        self._present = Present()
        self._host = Host()

    def step(self, *, now: datetime) -> int:
        """Bring everything up to `now` and send it; how many workloads were."""
        grid = now.timestamp() // FINE * FINE
        by_team: dict[int, Readings] = defaultdict(list)
        rows = DemoWorkload.objects.select_related("workload").prefetch_related("workload__pools")
        lived = 0
        for row in rows.order_by("pk"):
            try:
                by_team[row.workload.team_id] += self._one(row, grid, now)
                lived += 1
            except Exception:
                # Loop top: one workload's trouble must not stop the others' world.
                log.exception("demo.workload_failed", workload=row.workload.name)
        machine = [(reading, WHOLE) for reading in self._host.look()]
        at = datetime.fromtimestamp(grid, UTC)
        for team, found in by_team.items():
            self._send(team, found + machine, at, now)
        return lived

    def _send(self, team: int, found: Readings, at: datetime, now: datetime) -> None:
        try:
            receipt = self._present.send(team, found, at=at, now=now)
        except ProductError as error:
            log.warning("demo.samples_lost", samples=len(found), reason=str(error))
            return
        if receipt.rejected:
            faults = [fault.message for fault in receipt.faults[:3]]
            log.warning("demo.samples_refused", samples=receipt.rejected, faults=faults)

    def _one(self, row: DemoWorkload, grid: float, now: datetime) -> Readings:
        course = self._course(row, now)
        if course is None:
            return []
        fleet = self._fleet(row, course.plan, now)
        elapsed = grid - course.until
        if not 0 <= elapsed <= LONGEST_STEP:
            self._gap(row, course, fleet, grid)
            elapsed = FINE
        if elapsed == 0:
            return []  # the clock stood still, or this instant was lived already
        return self._live(row, course, fleet, elapsed)

    def _live(
        self, row: DemoWorkload, course: _Course, fleet: Replicas, elapsed: float
    ) -> Readings:
        profile, begun = course.plan.profile, course.until
        lot = course.plan.source.lot(begun, step=elapsed, count=1)
        course.until = begun + elapsed
        self._laps(row, course)
        arrivals = float(lot.requests[0])
        if np.isnan(arrivals):
            return []  # a hole in the recording: nothing is known of this time
        if row.surging(datetime.fromtimestamp(course.until, UTC)):
            arrivals *= row.surge_factor
        step = advance(
            profile.plant,
            ready=fleet.ready,
            before=row.backlog,
            arrivals=arrivals,
            seconds=elapsed,
        )
        _remember(row, step)
        lengths = (lot.input_tokens, lot.output_tokens)
        steps = columns([step], starting=[float(len(fleet.pending))], lengths=lengths)
        return [(reading, profile.decimals) for reading in readings(profile, steps)]

    def _course(self, row: DemoWorkload, now: datetime) -> _Course | None:
        """The workload's course so far; after a start, from where its samples ended."""
        found = self._courses.get(row.pk)
        if found is not None:
            return found
        plan = plans.from_row(row)
        if plan is None:
            log.warning("demo.recording_missing", workload=row.workload.name)
            return None
        seen = latest_sample_at(row.workload.team_id).get(row.workload.name, now)
        until = min(seen, now).timestamp() // FINE * FINE
        made = self._courses[row.pk] = _Course(plan, until)
        if isinstance(plan.source, Recorded):
            made.laps = plan.source.laps(until)
        return made

    def _fleet(self, row: DemoWorkload, plan: Plan, now: datetime) -> Replicas:
        """All replicas of the workload now; a target that the cloud lost is made again."""
        ready = 0
        pending: list[datetime] = []
        for pool in row.workload.pools.all():
            actuator = actuator_for(pool.kind)
            try:
                seen = actuator.observe(pool.scale_target, now=now)
            except NotFound:
                if pool.kind != SIMULATED:
                    raise
                log.warning("demo.target_missing", workload=row.workload.name, pool=pool.name)
                size = pool.ready if pool.ready is not None else max(1, pool.minimum)
                ensure_target(pool.scale_target, plan.profile, ready=size)
                seen = actuator.observe(pool.scale_target, now=now)
            ready += seen.ready
            pending += seen.pending
        return Replicas(ready, tuple(sorted(pending)), now)

    def _gap(self, row: DemoWorkload, course: _Course, fleet: Replicas, grid: float) -> None:
        """Time that nobody lived through: the queue moved on, and nothing was measured.

        No samples are made up for it. The clock going back is a gap of no length.
        """
        missed = grid - FINE - course.until
        log.info("demo.gap", workload=row.workload.name, seconds=round(missed))
        begun = grid - FINE - min(max(missed, 0.0), SILENT_MOST)
        count = round((grid - FINE - begun) / FINE)
        lot = course.plan.source.lot(begun, step=FINE, count=count)
        for arrivals in np.nan_to_num(lot.requests).tolist():
            step = advance(
                course.plan.profile.plant,
                ready=fleet.ready,
                before=row.backlog,
                arrivals=arrivals,
                seconds=FINE,
            )
            row.backlog = step.backlog
        DemoWorkload.objects.filter(pk=row.pk).update(backlog=row.backlog)
        course.until = grid - FINE

    def _laps(self, row: DemoWorkload, course: _Course) -> None:
        source = course.plan.source
        if isinstance(source, Recorded) and source.laps(course.until) > course.laps:
            course.laps = source.laps(course.until)
            log.info("demo.recording_begins_again", workload=row.workload.name, lap=course.laps + 1)


def _remember(row: DemoWorkload, step: Step) -> None:
    """The queue survives a restart; a queue that stays empty costs no write."""
    stored = DemoWorkload.objects.filter(pk=row.pk)
    if step.backlog or step.before:
        stored.update(backlog=step.backlog)
    row.backlog = step.backlog
