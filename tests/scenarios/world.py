"""A workload, its signals and a simulated cloud, moved through time by the real engine.

Every 15 s: demand arrives, signals are seen (or not), the engine decides, and what it decides is
ordered from the simulated cloud under a key of its own. The memory is what the decision log would
tell. Nothing here is a mock: only time is pretended.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from forecasting.forecast import Forecast
from scaler.actuators.base import ScaleTarget
from scaler.actuators.simulated import SimulatedCloud
from scaler.engine.decide import decide
from scaler.engine.decision import Decision
from scaler.engine.settings import Guards, PolicyParams
from scaler.engine.snapshot import (
    Bounds,
    Capacity,
    Change,
    Memory,
    Mode,
    Observation,
    Override,
    Past,
    Snapshot,
)
from scaler.errors import ActuationError

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
TICK = timedelta(seconds=15)
MINUTE = timedelta(minutes=1)
GPU, RUNNING, DEMAND = "infra.gpu.utilization", "service.requests.running", "service.request.rate"
PER_REPLICA = 10.0  # requests per second at 100 % utilization
SERVICE = 0.5  # seconds; so a replica at 100 % has five requests running
TARGET = ScaleTarget("simulated", "chat-7b")


@dataclass(frozen=True, slots=True)
class Moment:
    """One tick as it was: what was asked for, what there was, what was decided."""

    minute: float
    demand: float
    ready: int
    current: int
    decision: Decision

    @property
    def desired(self) -> int:
        return self.decision.desired


@dataclass(slots=True)
class World:
    """Ten replicas' worth of a workload. `play` moves it; `moments` is all that happened."""

    cloud: SimulatedCloud
    policies: tuple[PolicyParams, ...]
    ready: int = 4
    lead: timedelta = 2 * MINUTE
    bounds: Bounds = field(default_factory=lambda: Bounds(1, 60))
    guards: Guards = field(default_factory=Guards)
    failure_rate: float = 0.0
    seed: int = 0
    stock: int | None = None
    forecast: Callable[[datetime], Forecast | None] = lambda _now: None
    peak: float | None = None
    override: Override | None = None
    now: datetime = START
    moments: list[Moment] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _history: dict[str, list[tuple[datetime, float]]] = field(default_factory=dict)
    _changes: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cloud.create(
            TARGET,
            ready=self.ready,
            lead_time=self.lead,
            jitter=0.0,
            failure_rate=self.failure_rate,
            stock=self.stock,
            seed=self.seed,
        )

    def play(
        self, minutes: float, demand: Callable[[float], float], *, unseen: Iterable[str] = ()
    ) -> list[Moment]:
        """Let so many minutes pass with `demand(minute)`; signals in `unseen` are not reported."""
        first = len(self.moments)
        for _ in range(round(minutes * 4)):
            minute = (self.now - START) / MINUTE
            self._tick(minute, demand(minute), frozenset(unseen))
            self.now += TICK
        return self.moments[first:]

    def _tick(self, minute: float, demand: float, unseen: frozenset[str]) -> None:
        there = self.cloud.observe(TARGET, now=self.now)
        self._see(demand, there.ready, unseen)
        snapshot = Snapshot(
            workload="chat-7b",
            at=self.now,
            mode=Mode.AUTO,
            replicas=there,
            bounds=self.bounds,
            capacity=Capacity(PER_REPLICA, slots=5, lead_time=self.lead),
            observations=tuple(self._observation(name) for name in (GPU, RUNNING, DEMAND)),
            policies=self.policies,
            guards=self.guards,
            forecast=self.forecast(self.now),
            memory=self._memory(),
            override=self.override,
            peak=self.peak,
        )
        decision = decide(snapshot, now=self.now)
        self.moments.append(Moment(minute, demand, there.ready, there.current, decision))
        if decision.change:
            self._order(decision)

    def _order(self, decision: Decision) -> None:
        try:
            self.cloud.scale(TARGET, decision.desired, key=self.now.isoformat(), now=self.now)
        except ActuationError as error:
            self.refused.append(type(error).__name__)
        there = self.cloud.observe(TARGET, now=self.now).current
        if there != decision.current:
            self._changes.append(Change(self.now, there - decision.current))

    def _see(self, demand: float, ready: int, unseen: frozenset[str]) -> None:
        values = {RUNNING: demand * SERVICE, DEMAND: demand}
        if ready:  # nobody reports the utilization of nothing
            values[GPU] = min(1.0, demand / (ready * PER_REPLICA))
        for name in values.keys() - unseen:
            self._history.setdefault(name, []).append((self.now, values[name]))

    def _observation(self, name: str) -> Observation:
        history = self._history.get(name, [])[-120:]
        if not history:
            return Observation(name, None, None, TICK)
        at, value = history[-1]
        return Observation(name, value, at, TICK, tuple(history))

    def _memory(self) -> Memory:
        wanted = tuple(Past(each.decision.at, each.decision.wanted) for each in self.moments[-80:])
        ups = [each.at for each in self._changes if each.by > 0]
        downs = [each.at for each in self._changes if each.by < 0]
        return Memory(
            wanted,
            last_up=max(ups, default=None),
            last_down=max(downs, default=None),
            changes=tuple(self._changes[-20:]),
            every=TICK,
        )


def sizes(moments: Iterable[Moment]) -> list[int]:
    """What was ordered, each size once in a row."""
    told: list[int] = []
    for each in moments:
        if not told or told[-1] != each.desired:
            told.append(each.desired)
    return told


def reasons(moments: Iterable[Moment]) -> set[str]:
    """The reason codes of whatever moved a number."""
    steps = (step for each in moments for step in each.decision.steps)
    return {step.reason for step in steps if step.moved}
