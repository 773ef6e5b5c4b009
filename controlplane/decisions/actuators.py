"""A scale target's kind → the actuator of this install."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from scaler.actuators.base import Actuator
from scaler.actuators.registry import actuator

_made: dict[str, Actuator] = {}


def actuator_for(kind: str) -> Actuator:
    """One adapter per kind and process. Raises the registry's error for an unknown kind."""
    found = _made.get(kind)
    if found is None:
        found = _made[kind] = actuator(kind, directory=settings.CLOUD_DIR)
    return found


@contextmanager
def standing_in(kind: str, other: Actuator) -> Iterator[None]:
    """While the block runs, targets of `kind` are reached through `other`: a fake, a replay."""
    before = _made.get(kind)
    _made[kind] = other
    try:
        yield
    finally:
        if before is None:
            del _made[kind]
        else:
            _made[kind] = before
