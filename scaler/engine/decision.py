"""The one number, with the trail of everything that moved it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from scaler.policies.recommendation import Facts, Recommendation, Silence, Voice


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

    `wanted` is the number before any guardrail touched it, or the current size when somebody
    could not see: stabilization remembers it. `silent` holds the policies that saw too little to
    have an opinion, each with what it lacked.
    """

    workload: str
    at: datetime
    current: int
    desired: int
    wanted: int
    recommendations: tuple[Recommendation, ...] = ()
    steps: tuple[Step, ...] = ()
    silent: tuple[Silence, ...] = ()

    @property
    def change(self) -> int:
        return self.desired - self.current

    @property
    def combined(self) -> Step | None:
        """The step in which several wishes became one number."""
        return next((step for step in self.steps if step.stage is Stage.COMBINE), None)

    @property
    def binding(self) -> Step | None:
        """The last step after combine that moved the number: what limited the result."""
        moved = [step for step in self.steps if step.moved and step.stage is not Stage.COMBINE]
        return moved[-1] if moved else None

    @property
    def blind(self) -> tuple[str, ...]:
        """The policies that could not see what they need, each once."""
        names = {silence.policy for silence in self.silent}
        names |= {wish.policy for wish in self.recommendations if wish.voice is Voice.FLOOR}
        return tuple(sorted(names))

    def moved(
        self, *, by: str, to: int, reason: str, facts: Facts = (), stage: Stage = Stage.GUARDRAIL
    ) -> "Decision":
        """A new decision of size `to`, with one more step that says who moved it and why."""
        step = Step(stage, by, self.desired, to, reason, facts)
        return Decision(  # spelt out: `replace` would take half of the time of a whole decision
            self.workload,
            self.at,
            self.current,
            to,
            self.wanted,
            self.recommendations,
            (*self.steps, step),
            self.silent,
        )

    def passed(self, *, by: str, reason: str, facts: Facts = ()) -> "Decision":
        """The same size, with a step that says a guardrail looked and agreed."""
        return self.moved(by=by, to=self.desired, reason=reason, facts=facts)

    def settled(self, wanted: int) -> "Decision":
        """The same decision, with another number for stabilization to remember."""
        return replace(self, wanted=wanted)
