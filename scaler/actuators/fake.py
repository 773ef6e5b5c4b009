"""An actuator for tests: sizes in memory, the next error on demand, every call remembered."""

from datetime import datetime

from scaler.actuators.base import ScaleTarget
from scaler.engine.snapshot import Replicas
from scaler.errors import ActuationError, NoCapacity, NotFound, Permanent


class FakeActuator:
    """Orders are ready at once.

    `next_error` is raised by the next call instead of what it should do, `error_after` by the
    next order once it took effect; both are then forgotten. `stock` holds the most that a target
    can have, and `calls` every order that took effect.
    """

    def __init__(self, sizes: dict[str, int] | None = None) -> None:
        self.sizes = dict(sizes or {})
        self.stock: dict[str, int] = {}
        self.calls: list[tuple[str, int, str]] = []
        self.next_error: ActuationError | None = None
        self.error_after: ActuationError | None = None
        self._keys: set[str] = set()

    def observe(self, target: ScaleTarget, *, now: datetime) -> Replicas:
        self._maybe_fail()
        return Replicas(self._size(target), (), now)

    def scale(self, target: ScaleTarget, desired: int, *, key: str, now: datetime) -> None:
        self._maybe_fail()
        before = self._size(target)
        if desired < 0:
            raise Permanent(f"cannot run {desired} replicas")
        if key in self._keys:
            return
        stock = self.stock.get(target.name)
        if stock is not None and desired > max(stock, before):
            raise NoCapacity(f"only {stock} replicas are in stock")
        self._keys.add(key)
        self.calls.append((target.name, desired, key))
        self.sizes[target.name] = desired
        error, self.error_after = self.error_after, None
        if error is not None:
            raise error

    def _size(self, target: ScaleTarget) -> int:
        if target.name not in self.sizes:
            raise NotFound(f"no target {target.name!r}")
        return self.sizes[target.name]

    def _maybe_fail(self) -> None:
        error, self.next_error = self.next_error, None
        if error is not None:
            raise error
