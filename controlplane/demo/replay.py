"""Demand and an owner's rules → two weeks that the engine really decided, minute by minute. Pure.

The production engine (`scaler.engine.decide`) sees at the end of every minute what it would have
seen then: the last minutes of every signal, the forecast issued at that minute, its own memory.
Nothing looks ahead.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, isnan, nan

import numpy as np

from controlplane.demo.demand import Source
from controlplane.demo.fleet import Fleet, Order
from controlplane.demo.issued import Forecaster
from controlplane.demo.lengths import LogNormal
from controlplane.demo.noise import Floats
from controlplane.demo.physics import Step, advance
from controlplane.demo.profiles import Profile
from controlplane.demo.steps import Steps, columns
from controlplane.demo.watch import Wanted, Watch
from scaler.engine.decide import decide
from scaler.engine.decision import Decision
from scaler.engine.settings import Guards, PolicyParams
from scaler.engine.snapshot import (
    Bounds,
    Capacity,
    Change,
    Memory,
    Mode,
    Past,
    Replicas,
    Snapshot,
)

COARSE, FINE = 60.0, 5.0  # seconds of a step: long ago, and lately
DEVIATION_95 = 1.6449  # standard deviations from the median to the 95th percentile
FIRST_UTILIZATION = 0.7  # the fleet that history begins with
MARGIN = timedelta(minutes=1)  # what observation adds to the stabilization window
RECENT_CHANGES = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the workload's document says, as the engine takes it."""

    workload: str
    mode: Mode
    bounds: Bounds
    capacity: Capacity
    policies: tuple[PolicyParams, ...]
    guards: Guards
    demand: str
    wanted: tuple[Wanted, ...]
    window: timedelta
    units: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Span:
    """`minutes` minutes from Unix time `start` on, the last `fine` of them in steps of 5 s."""

    start: float
    minutes: int
    fine: int

    @property
    def end(self) -> float:
        return self.start + 60 * self.minutes


@dataclass(frozen=True, slots=True)
class Kept:
    """One decision worth storing, what it saw, and the order that followed."""

    decision: Decision
    snapshot: Snapshot
    order: Order | None


@dataclass(frozen=True, slots=True)
class History:
    """What became of it: one column entry for each step, and the decisions that are kept.

    `ends` are Unix times at which the steps ended. `fleet` is what was left running.
    """

    steps: Steps
    ends: Floats
    kept: tuple[Kept, ...]
    decided: int
    fleet: Fleet


def replay(
    profile: Profile, source: Source, rules: Rules, span: Span, *, keep_held: float, seed: int
) -> History:
    """Run the fleet through the span; decisions that held the size are kept from `keep_held` on."""
    return _Run(profile, source, rules, span, seed).through(keep_held)


class _Run:
    """One pass; everything that changes while simulated time passes."""

    def __init__(
        self, profile: Profile, source: Source, rules: Rules, span: Span, seed: int
    ) -> None:
        self._plant, self._rules, self._span = profile.plant, rules, span
        coarse = span.minutes - span.fine
        self._lots = (
            source.lot(span.start, step=COARSE, count=coarse),
            source.lot(
                span.start + coarse * COARSE, step=FINE, count=span.fine * round(COARSE / FINE)
            ),
        )
        self._arrivals = [lot.requests.tolist() for lot in self._lots]
        demand = _per_minute(*(lot.requests for lot in self._lots))
        self._demand = demand
        self._forecaster = Forecaster(span.start, demand)
        self._fleet = Fleet(
            profile.cloud, _first(demand, rules, profile), np.random.default_rng(seed)
        )
        self._watch = Watch(
            profile.plant,
            wanted=rules.wanted,
            window=rules.window,
            service_tail=_service_tail(profile),
            units=rules.units,
        )
        self._backlog = 0.0
        self._steps: list[Step] = []
        self._starting: list[float] = []
        self._wanted: deque[Past] = deque()
        self._changes: deque[Change] = deque()
        self._last: dict[str, datetime] = {}

    def through(self, keep_held: float) -> History:
        kept = []
        for minute in range(self._span.minutes):
            begun = self._span.start + 60 * minute
            self._live(minute, begun)
            at = datetime.fromtimestamp(begun + 60, UTC)
            made = self._decide(at, minute + 1)
            if made.order is not None or made.decision.change or begun + 60 >= keep_held:
                kept.append(made)
        return History(self._columns(), self._ends(), tuple(kept), self._span.minutes, self._fleet)

    def _live(self, minute: int, begun: float) -> None:
        """One minute of the fleet, in one step or in twelve."""
        coarse = self._span.minutes - self._span.fine
        fine = minute >= coarse
        length, per = (FINE, round(COARSE / FINE)) if fine else (COARSE, 1)
        first = (minute - coarse) * per if fine else minute
        made = []
        for index in range(per):
            self._fleet.settle(begun + index * length)
            made.append(self._step(self._arrivals[fine][first + index], length))
        known = [step for step in made if not isnan(step.arrivals)]
        if known:
            self._watch.minute(known, datetime.fromtimestamp(begun + 60, UTC))

    def _step(self, arrivals: float, length: float) -> Step:
        unknown = isnan(arrivals)
        step = advance(
            self._plant,
            ready=self._fleet.ready,
            before=self._backlog,
            arrivals=0.0 if unknown else arrivals,
            seconds=length,
        )
        self._backlog = step.backlog
        if unknown:
            step = Step(length, step.ready, nan, step.before, 0.0, 0.0, step.backlog, nan, 0.0)
        self._steps.append(step)
        self._starting.append(float(len(self._fleet.pending)))
        return step

    def _decide(self, at: datetime, minutes: int) -> Kept:
        now = at.timestamp()
        self._fleet.settle(now)
        snapshot = self._snapshot(at, minutes)
        decision = decide(snapshot, now=at)
        self._wanted.append(Past(at, decision.wanted))
        order = None
        if decision.change and self._rules.mode is Mode.AUTO:
            order = self._fleet.order(decision.desired, now=now)
            self._changes.append(Change(at, decision.change))
            self._last["up" if decision.change > 0 else "down"] = at
        return Kept(decision, snapshot, order)

    def _snapshot(self, at: datetime, minutes: int) -> Snapshot:
        rules, fleet = self._rules, self._fleet
        pending = tuple(datetime.fromtimestamp(moment, UTC) for moment in fleet.pending)
        return Snapshot(
            workload=rules.workload,
            at=at,
            mode=rules.mode,
            replicas=Replicas(fleet.ready, pending, at),
            bounds=rules.bounds,
            capacity=rules.capacity,
            observations=self._watch.observations(at),
            policies=rules.policies,
            demand=rules.demand,
            guards=rules.guards,
            forecast=self._forecaster.after(minutes),
            memory=self._memory(at),
            peak=self._forecaster.peak(minutes),
        )

    def _memory(self, at: datetime) -> Memory:
        since = at - self._rules.guards.scale_down_stabilization - MARGIN
        while self._wanted and self._wanted[0].at < since:
            self._wanted.popleft()
        while self._changes and at - self._changes[0].at > RECENT_CHANGES:
            self._changes.popleft()
        return Memory(
            wanted=tuple(self._wanted),
            last_up=self._last.get("up"),
            last_down=self._last.get("down"),
            changes=tuple(self._changes),
        )

    def _columns(self) -> Steps:
        coarse, fine = self._lots
        return columns(
            self._steps,
            starting=self._starting,
            lengths=tuple(
                np.concatenate((getattr(coarse, name), getattr(fine, name)))
                for name in ("input_tokens", "output_tokens")
            ),
        )

    def _ends(self) -> Floats:
        return self._span.start + np.cumsum([step.seconds for step in self._steps])


def _per_minute(coarse: Floats, fine: Floats) -> Floats:
    """Requests per second, minute by minute; NaN where no second of the minute is known."""
    twelve = fine.reshape(-1, round(COARSE / FINE))
    known = np.isfinite(twelve).sum(axis=1)
    total = np.nansum(twelve, axis=1) / FINE
    late = np.divide(total, known, out=np.full(known.size, np.nan), where=known > 0)
    return np.concatenate((coarse / COARSE, late))


def _first(demand: Floats, rules: Rules, profile: Profile) -> int:
    """The fleet that somebody would have started with."""
    known = demand[np.isfinite(demand)]
    usual = float(known[0]) if known.size else 0.0
    size = ceil(usual / profile.plant.per_replica / FIRST_UTILIZATION)
    return min(max(size, rules.bounds.minimum, 1), rules.bounds.maximum)


def _service_tail(profile: Profile) -> float:
    spread = LogNormal.of_mean(profile.plant.service_time, profile.service_sigma)
    return spread.quantile(DEVIATION_95)
