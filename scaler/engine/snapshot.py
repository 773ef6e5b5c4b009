"""All the engine may know about one workload at one instant, frozen."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from forecasting.forecast import Forecast

from scaler.engine.settings import Guards, PolicyParams
from scaler.errors import NoDecision

LEAST_REACH = timedelta(seconds=90)  # a sample speaks for this long, or for three intervals


class Mode(StrEnum):
    """How far a decision may go by itself."""

    OFF = "off"  # observe only: no decision is computed
    RECOMMEND = "recommend"  # decide and record, never actuate
    APPROVE = "approve"  # actuate after a person agrees
    AUTO = "auto"  # actuate


@dataclass(frozen=True, slots=True)
class Observation:
    """A signal's value *or its absence*, with its age and recent past.

    `value` is in the signal's base unit (ratios 0-1, seconds, requests per second) and None when
    nothing usable was seen; None is never zero. `received_at` is when the newest sample reached
    us (freshness), `history` the recent (time, value) pairs, oldest first. `unit` (UCUM, "" when
    unknown) is only for sentences.
    """

    signal: str
    value: float | None
    received_at: datetime | None
    interval: timedelta = timedelta(seconds=15)
    history: tuple[tuple[datetime, float], ...] = ()
    unit: str = ""

    @property
    def reach(self) -> timedelta:
        """How long one sample may stand for the present: max(3 x interval, 90 s)."""
        return max(3 * self.interval, LEAST_REACH)

    def age(self, now: datetime) -> timedelta | None:
        """Time since the newest sample was received, or None when there never was one."""
        return None if self.received_at is None else now - self.received_at

    def fresh(self, now: datetime) -> bool:
        """Whether there is a value, and it is not too old to stand for the present."""
        if self.value is None or self.received_at is None:
            return False
        return now - self.received_at <= self.reach


@dataclass(frozen=True, slots=True)
class Replicas:
    """One successful read of the world: what runs, what is starting, and when it was read."""

    ready: int
    pending: tuple[datetime, ...]  # expected ready time of each replica that is starting
    observed_at: datetime

    @property
    def current(self) -> int:
        """Ready plus starting: what is paid for and what a new size is compared with."""
        return self.ready + len(self.pending)


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one replica can do and how long it takes to get one.

    `per_replica` is requests per second at 100 % utilization; None while it is unknown, and then
    policies that need it have no opinion.
    """

    per_replica: float | None = None
    slots: int = 1
    service_time: timedelta = timedelta(milliseconds=100)
    timeout: timedelta = timedelta(seconds=10)
    lead_time: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The owner's limits, both inclusive."""

    minimum: int = 1
    maximum: int = 1


@dataclass(frozen=True, slots=True)
class Override:
    """A person's word: `size` pins that many replicas, None freezes the current size."""

    size: int | None
    until: datetime
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """One earlier desired size, as wanted before any guardrail."""

    at: datetime
    wanted: int


@dataclass(frozen=True, slots=True)
class Change:
    """One order that took effect, as far as is known: replicas added, or (negative) released."""

    at: datetime
    by: int


@dataclass(frozen=True, slots=True)
class Memory:
    """What must survive a restart for the guards to be right: it comes from the decision log.

    `every` is how often it is decided at least; a longer hole in `wanted` is time that nobody
    remembers.
    """

    wanted: tuple[Past, ...] = ()  # oldest first, covering at least the stabilization window
    last_up: datetime | None = None  # when a scale-up was last ordered
    last_down: datetime | None = None
    changes: tuple[Change, ...] = ()  # the orders of at least the last two minutes
    every: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One workload, one instant. `demand` names the observation that is forecast.

    `peak` is the highest demand of the history that the forecast was made from, None when that
    is not known; a forecast far above it is not believed.
    """

    workload: str
    at: datetime
    mode: Mode
    replicas: Replicas | None  # None: the size could not be read, so nothing may be decided
    bounds: Bounds
    capacity: Capacity
    observations: tuple[Observation, ...]
    policies: tuple[PolicyParams, ...]
    demand: str = "service.request.rate"
    guards: Guards = field(default_factory=Guards)
    forecast: Forecast | None = None
    memory: Memory = field(default_factory=Memory)
    override: Override | None = None
    paused: bool = False  # the kill switch: nothing may change
    peak: float | None = None

    def observation(self, signal: str) -> Observation | None:
        """The observation of one signal, or None when the workload does not have it."""
        return next((seen for seen in self.observations if seen.signal == signal), None)

    def size(self) -> Replicas:
        """What runs and what is starting. Raises NoDecision when it could not be read."""
        if self.replicas is None:
            raise NoDecision("size.unknown", "The present size could not be read.")
        return self.replicas
