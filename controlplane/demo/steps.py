"""Steps of a fleet, one after the other → columns. Pure numpy."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from controlplane.demo.noise import Floats
from controlplane.demo.physics import Step


@dataclass(frozen=True, slots=True)
class Steps:
    """Consecutive steps as columns, all of shape (n,); NaN arrivals: nothing is known."""

    seconds: Floats
    ready: Floats
    starting: Floats
    arrivals: Floats
    before: Floats
    served: Floats
    failed: Floats
    backlog: Floats
    utilization: Floats
    chance: Floats
    input_tokens: Floats
    output_tokens: Floats

    def __len__(self) -> int:
        return int(self.seconds.size)


_OF_STEP = tuple(field.name for field in fields(Step))


def columns(
    steps: Sequence[Step], *, starting: Sequence[float], lengths: tuple[Floats, ...]
) -> Steps:
    """Single steps → columns; `lengths` are mean input and output tokens of a request."""
    rows = np.array([(*_plain(step), begun) for step, begun in zip(steps, starting, strict=True)])
    table = rows.reshape(-1, len(_OF_STEP) + 1).T
    return Steps(
        **dict(zip((*_OF_STEP, "starting"), table, strict=True)),
        input_tokens=lengths[0],
        output_tokens=lengths[1],
    )


def _plain(step: Step) -> tuple[float, ...]:
    return tuple(getattr(step, name) for name in _OF_STEP)


def known(steps: Steps) -> tuple[Steps, NDArray[np.bool_]]:
    """The steps of which anything is known, and which those are."""
    mask = np.isfinite(steps.arrivals)
    return Steps(**{each.name: getattr(steps, each.name)[mask] for each in fields(Steps)}), mask
