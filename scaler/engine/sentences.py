"""Reasons and numbers → sentences for people, in English and Chinese. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from scaler.engine.decision import Decision, Step
from scaler.engine.sentence_table import SENTENCES, SUMMARIES
from scaler.policies.recommendation import Fact, Recommendation

LANGUAGES = ("en", "zh-hans")


def explain(decision: Decision, language: str = "en", zone: tzinfo = UTC) -> str:
    """One or two sentences: what was done, who wanted it, and what limited it."""
    words = SUMMARIES[language]
    kind = "held" if not decision.change else ("up" if decision.change > 0 else "down")
    numbers = {"n": abs(decision.change), "current": decision.current, "desired": decision.desired}
    parts = [words[kind].format(**numbers)]
    winner = _winner(decision)
    if winner is not None and not winner.abstains:
        parts.append(describe(winner, language, zone))
    binding = decision.binding
    if binding is not None:
        wanted = words["wanted"].format(n=decision.wanted)
        parts.append(wanted + describe(binding, language, zone))
    return words["join"].join(parts)


def describe(part: Step | Recommendation, language: str = "en", zone: tzinfo = UTC) -> str:
    """One step or recommendation in words."""
    values = {key: show(key, value, zone) for key, value in part.facts}
    after = part.after if isinstance(part, Step) else part.desired
    return SENTENCES[part.reason][LANGUAGES.index(language)].format_map(
        _Known({**values, "to": str(after)})
    )


def show(key: str, value: Fact, zone: tzinfo) -> str:
    """A fact by the unit its key ends in: `_s` seconds, `_ratio` share, `at`/`until` a time."""
    if key in {"at", "until"}:
        return f"{datetime.fromisoformat(str(value)).astimezone(zone):%H:%M}"
    if isinstance(value, str):
        return value
    if key.endswith("_ratio"):
        return f"{value * 100:.4g}%"
    if key.endswith("_s"):
        return _duration(value)
    return f"{value:.3g}" if isinstance(value, float) and abs(value) < 100 else f"{value:.0f}"


def _duration(seconds: float) -> str:
    if seconds >= 120 and round(seconds) % 60 == 0:
        return f"{seconds / 60:.0f} min"
    return f"{seconds:.0f} s"


def _winner(decision: Decision) -> Recommendation | None:
    """The recommendation that combine took."""
    spoken = [wish for wish in decision.recommendations if not wish.abstains]
    matching = [wish for wish in spoken if wish.desired == decision.wanted]
    return next(iter(matching or spoken), None)


class _Known(Mapping[str, str]):
    """Missing facts show as a dash: an old trail must stay readable."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    def __getitem__(self, key: str) -> str:
        return self._values.get(key, "–")

    def __iter__(self):  # type: ignore[no-untyped-def]  # Mapping's own signature
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
