"""Steps of one minute → what the engine would have observed at its end. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from controlplane.demo.physics import Plant, Step
from scaler.capacity.queueing import TAIL
from scaler.engine.snapshot import Observation

MINUTE = timedelta(minutes=1)
Wanted = tuple[str, float | None]


class Watch:
    """Remembers as much of each signal as the policies' windows need.

    `service_tail` is the 95th percentile (s) of the service time alone; the wait's tail is added
    as the engine itself estimates it.
    """

    def __init__(
        self,
        plant: Plant,
        *,
        wanted: Sequence[Wanted],
        window: timedelta,
        service_tail: float,
        units: Mapping[str, str],
    ) -> None:
        self._plant, self._tail = plant, service_tail
        self._wanted, self._units = tuple(wanted), units
        self._length = max(1, round(window / MINUTE))
        self._seen: dict[str, list[tuple[datetime, float]]] = {signal: [] for signal, _ in wanted}

    def minute(self, steps: Sequence[Step], at: datetime) -> None:
        """Take in one minute that ended at `at`."""
        for signal, value in self._values(steps).items():
            kept = self._seen.get(signal)
            if kept is not None:
                kept.append((at, value))
                del kept[: -self._length]

    def observations(self, now: datetime) -> tuple[Observation, ...]:
        """Every wanted signal as it is known at `now`, missing ones as missing."""
        since = now - self._length * MINUTE
        return tuple(self._observation(signal, since) for signal, _quantile in self._wanted)

    def _observation(self, signal: str, since: datetime) -> Observation:
        kept = self._seen[signal]
        unit = self._units.get(signal, "")
        if not kept:
            return Observation(signal, None, None, MINUTE, (), unit)
        newest, value = kept[-1]
        history = tuple(kept if kept[0][0] > since else [one for one in kept if one[0] > since])
        return Observation(signal, value, newest, MINUTE, history, unit)

    def _values(self, steps: Sequence[Step]) -> dict[str, float]:
        seconds = sum(step.seconds for step in steps)
        last = steps[-1]
        found = {
            "service.request.rate": sum(step.arrivals for step in steps) / seconds,
            "service.requests.running": self._running(steps, seconds),
            "service.requests.waiting": last.backlog,
        }
        if last.ready:
            busy = sum(step.utilization * step.seconds for step in steps if step.ready) / seconds
            found["infra.gpu.utilization"] = round(busy, 4)
            found["experience.e2e"] = round(self._latency(max(steps, key=_wait)), 4)
        return found

    def _running(self, steps: Sequence[Step], seconds: float) -> float:
        served = sum(step.served for step in steps) / seconds
        return min(served * self._plant.service_time, float(steps[-1].ready * self._plant.slots))

    def _latency(self, step: Step) -> float:
        wait = step.wait(self._plant) + (TAIL - 1) * step.chance
        return self._tail + min(wait, self._plant.timeout)


def _wait(step: Step) -> float:
    return step.before + step.backlog + step.chance
