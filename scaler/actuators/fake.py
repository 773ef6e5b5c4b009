"""An actuator for tests: sizes in memory, the next error on demand, every call remembered."""

from datetime import datetime

from scaler.actuators.base import ScaleTarget
from scaler.engine.snapshot import Replicas
from scaler.errors import ActuationError, NotFound, Permanent


class FakeActuator:
    """Orders are ready at once. `next_error` is raised by the next call and then forgotten."""

    def __init__(self, sizes: dict[str, int] | None = None) -> None:
        self.sizes = dict(sizes or {})
        self.calls: list[tuple[str, int, str]] = []
        self.next_error: ActuationError | None = None
        self._keys: set[str] = set()

    def observe(self, target: ScaleTarget, *, now: datetime) -> Replicas:
        self._maybe_fail()
        return Replicas(self._size(target), (), now)

    def scale(self, target: ScaleTarget, desired: int, *, key: str, now: datetime) -> None:
        self._maybe_fail()
        self._size(target)
        if desired < 0:
            raise Permanent(f"cannot run {desired} replicas")
        if key not in self._keys:
            self._keys.add(key)
            self.calls.append((target.name, desired, key))
            self.sizes[target.name] = desired

    def _size(self, target: ScaleTarget) -> int:
        if target.name not in self.sizes:
            raise NotFound(f"no target {target.name!r}")
        return self.sizes[target.name]

    def _maybe_fail(self) -> None:
        error, self.next_error = self.next_error, None
        if error is not None:
            raise error
