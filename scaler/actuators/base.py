"""The actuator port: read a scale target's size, and order an absolute one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from scaler.engine.snapshot import Replicas


@dataclass(frozen=True, slots=True)
class ScaleTarget:
    """A pool's address at a provider. `address` holds the provider's own keys, sorted."""

    kind: str
    name: str
    address: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """Unique spelling, for caches and for the one-active-actuation rule."""
        rest = ",".join(f"{key}={value}" for key, value in self.address)
        return f"{self.kind}:{self.name}:{rest}"


@runtime_checkable
class Actuator(Protocol):
    """What a place where replicas live must offer.

    `observe` is one fresh, successful read, or an error: never a guess and never a cached size.
    `scale` orders an absolute size once per `key`: a second call with the same key changes
    nothing, even from another process. It returns when the order was accepted, not when it is
    fulfilled. Errors are those of scaler.errors: Transient (outcome may be unknown; read before
    trying again), Permanent, NotFound, NoCapacity.
    """

    def observe(self, target: ScaleTarget, *, now: datetime) -> Replicas: ...

    def scale(self, target: ScaleTarget, desired: int, *, key: str, now: datetime) -> None: ...
