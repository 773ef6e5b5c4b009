"""Reasons and numbers → sentences for people, in English and Chinese. Pure."""

from datetime import UTC, datetime, tzinfo

from scaler.engine.decision import Decision, Step
from scaler.engine.quantities import LANGUAGES, duration, moment, number, quantity
from scaler.engine.sentence_table import SENTENCES, SUMMARIES
from scaler.policies.recommendation import Fact, Recommendation, Silence

__all__ = ["LANGUAGES", "describe", "explain", "refused"]

Part = Step | Recommendation | Silence
_IN_UNIT = frozenset(
    {"value", "highest", "bound", "goal", "demand", "carried", "ahead", "peak"}
)  # facts that are numbers of the signal, in the unit that the fact `unit` names


def explain(decision: Decision, language: str = "en", zone: tzinfo = UTC) -> str:
    """A few sentences: what was decided, who wanted it, and what limited it."""
    parts: list[Part] = []
    winner, binding = _winner(decision), decision.binding
    if winner is not None:
        parts.append(winner)
    elif decision.combined is not None and not decision.silent:
        parts.append(decision.combined)
    if binding is not None:
        parts.append(binding)
    if decision.change <= 0:
        parts += _once(decision.silent)
    told = [describe(part, language, zone) for part in parts]
    return SUMMARIES[language]["join"].join([_headline(decision, language), *told])


def _headline(decision: Decision, language: str) -> str:
    combined, change = decision.combined, decision.change
    kind = "held" if not change else ("up" if change > 0 else "down")
    numbers = {
        "n": abs(change),
        "current": decision.current,
        "desired": decision.desired,
        "wanted": decision.wanted if combined is None else combined.after,
    }
    values = {key: number(value) for key, value in numbers.items()}
    template = SUMMARIES[language][kind if decision.binding is None else f"{kind} limited"]
    return template.format(**values, **_grammar("", decision.desired))


def describe(part: Part, language: str = "en", zone: tzinfo = UTC) -> str:
    """One step, recommendation or silence in words."""
    facts = dict(part.facts)
    unit = str(facts.get("unit", ""))
    values = {key: _show(key, value, unit, (language, zone)) for key, value in part.facts}
    if isinstance(part, Step | Recommendation):
        to = part.after if isinstance(part, Step) else part.desired
        values |= {"to": number(to), **_grammar("", to)}
    if "ready" in facts:
        values |= _grammar("ready_", int(facts["ready"]))
    template = SENTENCES[part.reason][LANGUAGES.index(language)]
    return template.format_map(_Known(values))


def refused(code: str, language: str = "en") -> str:
    """Why nothing could be decided, from the code of a NoDecision."""
    return SENTENCES[code][LANGUAGES.index(language)]


def _show(key: str, value: Fact, unit: str, reader: tuple[str, tzinfo]) -> str:
    """A fact for a reader of some language and zone.

    Its key says what it is: `_s` seconds, `_ratio` a share, `at` and `until` an instant.
    """
    language, zone = reader
    if key in {"at", "until"}:
        return moment(datetime.fromisoformat(str(value)), zone, dated=key == "until")
    if key == "because":
        open_, close = (" (", ")") if language == "en" else ("（", "）")
        return f"{open_}{value}{close}" if value else ""
    if isinstance(value, str):
        return value.removeprefix("user:") if key == "by" else value
    if key.endswith("_ratio"):
        return quantity(value, "1", language)
    if key.endswith("_s"):
        return duration(value, language)
    return quantity(value, unit if key in _IN_UNIT else "", language)


def _grammar(prefix: str, count: int) -> dict[str, str]:
    """The English words that agree with a count."""
    one = count == 1
    return {
        f"{prefix}replicas": "replica" if one else "replicas",
        f"{prefix}are": "is" if one else "are",
    }


def _winner(decision: Decision) -> Recommendation | None:
    """The wish that combine took; when it took none and nobody is blind, the first one."""
    combined, wishes = decision.combined, decision.recommendations
    policy = None if combined is None else dict(combined.facts).get("policy")
    if combined is None or policy is None:
        return None if decision.silent else next(iter(wishes), None)
    matching = (w for w in wishes if w.policy == policy and w.desired == combined.after)
    return next(matching, None)


def _once(silent: tuple[Silence, ...]) -> list[Silence]:
    """One of those that lack the same of the same signal: the last, whatever its time was."""
    lacks = {(each.reason, dict(each.facts).get("signal")): each for each in silent}
    return list(lacks.values())


class _Known(dict[str, str]):
    """Missing facts show as a dash: an old trail must stay readable."""

    def __missing__(self, key: str) -> str:
        return "–"
