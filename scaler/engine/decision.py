"""The one number, with the trail of everything that moved it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from scaler.policies.recommendation import Facts, Recommendation


class Stage(StrEnum):
    """Where in the engine a step was taken."""

    COMBINE = "combine"
    GUARDRAIL = "guardrail"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Step:
    """One stage's say: the size before and after it, and a reason code with its numbers.

    A guardrail that let the number pass is a step too, with `before == after`.
    """

    stage: Stage
    name: str
    before: int
    after: int
    reason: str
    facts: Facts = ()

    @property
    def moved(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Decision:
    """An immutable verdict. Replaying `steps` from `current` gives `desired`.

    `wanted` is the number before any guardrail touched it: stabilization remembers it. `silent`
    names the policies that saw too little to have an opinion.
    """

    workload: str
    at: datetime
    current: int
    desired: int
    wanted: int
    recommendations: tuple[Recommendation, ...] = ()
    steps: tuple[Step, ...] = ()
    silent: tuple[str, ...] = ()

    @property
    def change(self) -> int:
        return self.desired - self.current

    @property
    def binding(self) -> Step | None:
        """The last step after combine that moved the number: what limited the result."""
        moved = [step for step in self.steps if step.moved and step.stage is not Stage.COMBINE]
        return moved[-1] if moved else None

    def moved(
        self, *, by: str, to: int, reason: str, facts: Facts = (), stage: Stage = Stage.GUARDRAIL
    ) -> "Decision":
        """A new decision of size `to`, with one more step that says who moved it and why."""
        step = Step(stage, by, self.desired, to, reason, facts)
        return replace(self, desired=to, steps=(*self.steps, step))

    def passed(self, *, by: str, reason: str, facts: Facts = ()) -> "Decision":
        """The same size, with a step that says a guardrail looked and agreed."""
        return self.moved(by=by, to=self.desired, reason=reason, facts=facts)

    def settled(self, wanted: int) -> "Decision":
        """The same decision, remembering what was wanted before any guardrail."""
        return replace(self, wanted=wanted)
