"""A kind of scale target → its actuator, imported only when asked for."""

from importlib import import_module
from pathlib import Path

from scaler.actuators.base import Actuator
from scaler.errors import Permanent

# Kind → module and class. A cloud's SDK is loaded only by the process that talks to it.
ACTUATORS = {"simulated": "scaler.actuators.simulated:SimulatedCloud"}


def actuator(kind: str, *, directory: Path) -> Actuator:
    """The adapter of a kind; `directory` is where local state may be kept.

    Raises Permanent for a kind that nobody implements.
    """
    where = ACTUATORS.get(kind)
    if where is None:
        raise Permanent(
            f"nothing can scale a target of kind {kind!r}; known: {', '.join(ACTUATORS)}"
        )
    module, _, name = where.partition(":")
    made: Actuator = getattr(import_module(module), name)(directory)
    return made
