"""A decision → the steps from the present size to the result, for a list and a waterfall. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import tzinfo

from scaler.engine.decision import Decision, Step
from scaler.engine.sentences import describe
from scaler.policies.recommendation import Recommendation, Silence, Voice

Part = Step | Recommendation | Silence


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `start` and `width` are shares of the drawing; None draws no bar.

    `kind` is current, wish, silent, combine, guard or result; `tone` is the bar's.
    """

    kind: str
    name: str
    sentence: str
    before: int | None
    after: int | None
    tone: str = ""
    start: float = 0.0
    width: float | None = None
    binding: bool = False
    voice: str = ""

    @property
    def moved(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Trail:
    """All of it, in the order it happened. `passed` are guardrails that let the number through."""

    current: Row
    wishes: tuple[Row, ...]
    silent: tuple[Row, ...]
    combined: Row | None
    limits: tuple[Row, ...]
    passed: tuple[Row, ...]
    result: Row
    binding: str


def trail(decision: Decision, *, language: str, zone: tzinfo) -> Trail:
    """The trail in words of one language, with bars on one scale."""
    scale = _scale(decision)

    def say(part: Part) -> str:
        try:
            return describe(part, language, zone)
        except KeyError:  # a reason of another version
            return part.reason

    binding = decision.binding
    guards = [step for step in decision.steps if step is not decision.combined]
    combined = decision.combined
    return Trail(
        current=_whole("current", decision.current, scale),
        wishes=tuple(_wish(each, say, scale) for each in _ordered(decision.recommendations)),
        silent=tuple(_silent(each, say) for each in decision.silent),
        combined=_step(combined, "combine", say, scale) if combined else None,
        limits=tuple(
            _step(step, "guard", say, scale, binding=step is binding)
            for step in guards
            if step.moved or step is binding
        ),
        passed=tuple(_step(step, "guard", say, scale) for step in guards if not step.moved),
        result=_whole("result", decision.desired, scale),
        binding=binding.name if binding else "",
    )


def _ordered(wishes: Iterable[Recommendation]) -> list[Recommendation]:
    """The largest wish first: it is the one that counts. Those without one come last."""
    return sorted(wishes, key=lambda wish: (wish.voice is Voice.CALM, -wish.desired))


def _scale(decision: Decision) -> float:
    sizes = [decision.current, decision.desired, decision.wanted]
    sizes += [wish.desired for wish in decision.recommendations]
    sizes += [size for step in decision.steps for size in (step.before, step.after)]
    return max(1, *sizes) * 1.08


def _whole(kind: str, size: int, scale: float) -> Row:
    return Row(kind, "", "", size, size, tone=kind, width=size / scale)


def _wish(wish: Recommendation, say: Callable[[Part], str], scale: float) -> Row:
    """A policy that saw healthy data and wants nothing has no bar."""
    if wish.voice is Voice.CALM:
        return Row("wish", wish.policy, say(wish), None, None, voice=str(wish.voice))
    return Row(
        "wish",
        wish.policy,
        say(wish),
        None,
        wish.desired,
        tone="proposal",
        width=wish.desired / scale,
        voice=str(wish.voice),
    )


def _silent(silence: Silence, say: Callable[[Part], str]) -> Row:
    return Row("silent", silence.policy, say(silence), None, None)


def _step(
    step: Step, kind: str, say: Callable[[Part], str], scale: float, *, binding: bool = False
) -> Row:
    low, high = sorted((step.before, step.after))
    return Row(
        kind,
        step.name,
        say(step),
        step.before,
        step.after,
        tone="up" if step.after >= step.before else "down",
        start=low / scale,
        width=(high - low) / scale,
        binding=binding,
    )
