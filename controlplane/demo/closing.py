"""The end of history and a later moment → the steps in between, which nobody decided about. Pure.

Writing two weeks takes some seconds. The world goes on meanwhile, with the orders that stand.
"""

from datetime import datetime

import numpy as np

from controlplane.demo.noise import Floats
from controlplane.demo.physics import Step, advance
from controlplane.demo.plans import Plan
from controlplane.demo.replay import FINE, History
from controlplane.demo.steps import Steps, columns

MOST = 10 * 60.0  # seconds; a longer silence is a gap and stays one


def close(plan: Plan, history: History, until: datetime) -> tuple[Steps, Floats]:
    """Whole steps of 5 s from the end of history to `until`, MOST at most, and their ends."""
    begun = float(history.ends[-1])
    count = int(min(until.timestamp() - begun, MOST) // FINE)
    lot = plan.source.lot(begun, step=FINE, count=max(0, count))
    fleet, backlog = history.fleet, float(history.steps.backlog[-1])
    steps: list[Step] = []
    starting: list[float] = []
    for index, arrivals in enumerate(np.nan_to_num(lot.requests).tolist()):
        fleet.settle(begun + index * FINE)
        step = advance(
            plan.profile.plant, ready=fleet.ready, before=backlog, arrivals=arrivals, seconds=FINE
        )
        backlog = step.backlog
        steps.append(step)
        starting.append(float(len(fleet.pending)))
    lengths = (lot.input_tokens, lot.output_tokens)
    ends = np.asarray(begun + FINE * np.arange(1, len(steps) + 1), np.float64)
    return columns(steps, starting=starting, lengths=lengths), ends
