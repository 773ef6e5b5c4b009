"""A scale target's kind → the actuator of this install."""

from functools import cache

from django.conf import settings

from scaler.actuators.base import Actuator
from scaler.actuators.registry import actuator


@cache
def actuator_for(kind: str) -> Actuator:
    """One adapter per kind and process. Raises the registry's error for an unknown kind."""
    return actuator(kind, directory=settings.CLOUD_DIR)
