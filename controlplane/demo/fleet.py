"""Orders over simulated time → replicas that are ready or starting: a pretend cloud, in memory.

The same rules as `scaler.actuators.simulated`, without the file and its transactions, so that two
weeks of minutes take a second. Pure: luck comes from the seed.
"""

from dataclasses import dataclass, field

import numpy as np

LATE = 20.0  # seconds until the reconcile tick has settled a write that was not answered


@dataclass(frozen=True, slots=True)
class Order:
    """One absolute size that was ordered at Unix time `at`.

    `trouble` is what the cloud answered when the first write failed; `effect` is when the order
    took effect, `done` when the last replica of it was ready.
    """

    at: float
    before: int
    desired: int
    effect: float
    done: float
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Cloud:
    """How a scale target behaves: lead time (s), its jitter as a share, failures per write."""

    lead: float
    jitter: float
    failure_rate: float


@dataclass(slots=True)
class Fleet:
    """The only thing here that changes: what runs now, and what was ordered."""

    cloud: Cloud
    ready: int
    luck: np.random.Generator
    pending: list[float] = field(default_factory=list)  # Unix times, ascending
    orders: list[Order] = field(default_factory=list)

    @property
    def current(self) -> int:
        return self.ready + len(self.pending)

    def settle(self, now: float) -> None:
        """Orders whose time has come are ready."""
        while self.pending and self.pending[0] <= now:
            self.pending.pop(0)
            self.ready += 1

    def order(self, desired: int, *, now: float) -> Order:
        """An absolute size: more is ready a lead time later, fewer at once, the newest first."""
        fails, effect, done = self._luck(now)
        before = self.current
        if desired > before:
            self.pending = sorted(self.pending + [done] * (desired - before))
        else:
            cancelled = min(before - desired, len(self.pending))
            del self.pending[len(self.pending) - cancelled :]
            self.ready -= before - desired - cancelled
            done = effect
        trouble = "The cloud did not answer in time; settled by reading." if fails else ""
        made = Order(now, before, desired, effect, done, trouble)
        self.orders.append(made)
        return made

    def _luck(self, now: float) -> tuple[bool, float, float]:
        fails, stretch = self.luck.random(2)
        failed = bool(fails < self.cloud.failure_rate)
        effect = now + (LATE if failed else 0.0)
        lead = self.cloud.lead * (1 + self.cloud.jitter * (2 * float(stretch) - 1))
        return failed, effect, effect + lead
