"""Scores of several models → the one to serve, with the reason. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

BASELINE = "last-value"
NEEDED = 0.98  # a challenger must be 2 % better than the bar: less is luck on one held-out part
YESTERDAY = "seasonal-naive"
# Yesterday repeated does well until the day that is different, and then worse than anything: on
# recorded traces it went from 0.77 to 2.3 times the last value's loss. So it has to be better by
# 10 % than any model that looks at the present.
RISK = 1.1
GRACE = 1.01  # a freshly trained model may be 1 % worse than the one it follows: it knows today


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model and its weighted quantile loss on data it never saw."""

    name: str
    wql: float


@dataclass(frozen=True, slots=True)
class Choice:
    """Who serves, and the sentence that says why."""

    name: str
    reason: str


def choose(candidates: Sequence[Candidate]) -> Choice:
    """The smallest loss, unless it fails to beat the last value clearly. Needs one candidate."""
    best = min(candidates, key=_judged)
    bar = next((each for each in candidates if each.name == BASELINE), None)
    if bar is None:
        return Choice(best.name, f"smallest loss of those compared ({best.wql:.4f})")
    if best.name == bar.name:
        if len(candidates) == 1:
            return Choice(bar.name, "no other model could learn from this history yet")
        return Choice(bar.name, f"the smallest loss of {len(candidates)} models ({bar.wql:.4f})")
    if bar.wql <= 0 or best.wql > NEEDED * bar.wql:
        return Choice(bar.name, f"{best.name} does not beat the last value by 2 %")
    return Choice(best.name, f"{1 - best.wql / bar.wql:.1%} less loss than the last value")


def _judged(one: Candidate) -> float:
    return one.wql * RISK if one.name == YESTERDAY else one.wql


def keeps_its_place(champion: float, challenger: float) -> bool:
    """Whether the champion's loss on the same data is clearly smaller than the challenger's."""
    return challenger > GRACE * champion
