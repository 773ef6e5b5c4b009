"""Every actuator that ships, each with the same handles on its pretend provider."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

from scaler.actuators.base import Actuator, ScaleTarget
from scaler.actuators.fake import FakeActuator
from scaler.actuators.simulated import SimulatedCloud
from scaler.errors import ActuationError, Transient

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEAD = timedelta(minutes=2)


class Provider(Protocol):
    """What a test may do to a provider behind the port's back."""

    @property
    def actuator(self) -> Actuator: ...

    @property
    def lead(self) -> timedelta:
        """From an order until its replicas serve."""

    def add(self, name: str, ready: int, *, stock: int | None = None) -> ScaleTarget: ...

    def fail(self, target: ScaleTarget, *, after: bool) -> None:
        """Fail the next order, before or after it takes effect; `mend` ends it."""

    def mend(self, target: ScaleTarget) -> None: ...

    def writes(self, target: ScaleTarget) -> list[tuple[str, int]]:
        """Every order that took effect: key and size."""


class FakeProvider:
    """The fake: orders are ready at once."""

    lead = timedelta(0)

    def __init__(self, _directory: Path) -> None:
        self.actuator = FakeActuator()

    def add(self, name: str, ready: int, *, stock: int | None = None) -> ScaleTarget:
        self.actuator.sizes[name] = ready
        if stock is not None:
            self.actuator.stock[name] = stock
        return ScaleTarget("fake", name)

    def fail(self, _target: ScaleTarget, *, after: bool) -> None:
        error = Transient("the provider did not answer in time")
        if after:
            self.actuator.error_after = error
        else:
            self.actuator.next_error = error

    def mend(self, _target: ScaleTarget) -> None:
        self.actuator.next_error = self.actuator.error_after = None

    def writes(self, target: ScaleTarget) -> list[tuple[str, int]]:
        return [(key, size) for name, size, key in self.actuator.calls if name == target.name]


class SimulatedProvider:
    """The simulated cloud: orders take two minutes, failures are drawn from a seed."""

    lead = LEAD

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.actuator = SimulatedCloud(directory)
        self._stock: dict[str, int | None] = {}

    def add(self, name: str, ready: int, *, stock: int | None = None) -> ScaleTarget:
        target = ScaleTarget("simulated", name)
        self._stock[name] = stock
        self._create(target, ready)
        return target

    def fail(self, target: ScaleTarget, *, after: bool) -> None:
        seed = next(seed for seed in range(50) if self._takes_effect(seed, target) is after)
        self._create(target, self._size(target), failing=True, seed=seed)

    def mend(self, target: ScaleTarget) -> None:
        self._create(target, self._size(target))

    def writes(self, target: ScaleTarget) -> list[tuple[str, int]]:
        return [(key, after) for key, _before, after in self.actuator.journal(target)]

    def _create(
        self, target: ScaleTarget, ready: int, *, failing: bool = False, seed: int = 0
    ) -> None:
        self.actuator.create(
            target,
            ready=ready,
            lead_time=LEAD,
            jitter=0.0,
            failure_rate=1.0 if failing else 0.0,
            stock=self._stock[target.name],
            seed=seed,
        )

    def _size(self, target: ScaleTarget) -> int:
        return self.actuator.observe(target, now=NOON).current

    def _takes_effect(self, seed: int, target: ScaleTarget) -> bool:
        """Whether the first order with this seed fails only after it took effect."""
        trial = SimulatedCloud(self.directory / "trial")
        trial.create(target, ready=1, lead_time=LEAD, failure_rate=1.0, seed=seed)
        try:
            trial.scale(target, 2, key=f"trial {target.key} {seed}", now=NOON)
        except Transient:
            return trial.observe(target, now=NOON).current == 2
        raise AssertionError("a failure rate of one lets nothing pass")


PROVIDERS: dict[str, Callable[[Path], Provider]] = {
    "fake": FakeProvider,
    "simulated": SimulatedProvider,
}


def storm(directory: Path, orders: list[tuple[str, int]], times: int) -> None:
    """What one process of several does: open the cloud and send these orders, over and over."""
    cloud = SimulatedCloud(directory)
    target = ScaleTarget("simulated", "chat-7b")
    for _ in range(times):
        for key, size in orders:
            try:
                cloud.scale(target, size, key=key, now=NOON)
            except ActuationError:
                continue


def at_once(*works: tuple[Path, list[tuple[str, int]], int]) -> None:
    """Run each storm in a process of its own; all must end well."""
    spawn = get_context("spawn")
    processes = [spawn.Process(target=storm, args=work) for work in works]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=60)
    assert [process.exitcode for process in processes] == [0] * len(processes)
