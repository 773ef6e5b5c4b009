"""Every decision in words, in two languages, with units."""

import ast
import re
from datetime import timedelta, timezone
from pathlib import Path

import pytest

import scaler
from scaler.engine.decide import decide
from scaler.engine.decision import Decision, Step
from scaler.engine.sentence_table import SENTENCES, SUMMARIES
from scaler.engine.sentences import LANGUAGES, describe, explain, refused
from scaler.engine.snapshot import Override
from scaler.policies.recommendation import Recommendation, Silence
from tests.scaler import stories
from tests.scaler.looks import NOON, RUNNING, look
from tests.scaler.stories import STORIES

FAMILIES = {code.split(".")[0] for code in SENTENCES}
CODE = re.compile(rf"({'|'.join(sorted(FAMILIES))})\.[a-z_]+")
PURE = ("engine", "policies", "guardrails")


def written() -> dict[str, str]:
    """The text under each heading of stories.md."""
    text = Path(stories.__file__).with_suffix(".md").read_text(encoding="utf-8")
    chapters = (chapter.split("\n\n", 1) for chapter in text.split("\n## ")[1:])
    return {name: body.strip() for name, body in chapters}


WRITTEN = written()


def codes_in_source() -> set[str]:
    """Every string of the pure core that looks like a reason code, the table left out."""
    found: set[str] = set()
    for folder in PURE:
        for path in sorted((Path(scaler.__file__).parent / folder).glob("*.py")):
            if path.name != "sentence_table.py":
                tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                texts = {node.value for node in tree if isinstance(node, ast.Constant)}
                found |= {each for each in texts if isinstance(each, str) and CODE.fullmatch(each)}
    return found


def test_every_reason_code_has_a_sentence_and_every_sentence_a_reason_code() -> None:
    assert codes_in_source() == set(SENTENCES)


def test_both_languages_tell_the_same_facts() -> None:
    grammar = {"replicas", "are", "ready_replicas", "to"}
    for code, pair in SENTENCES.items():
        english, chinese = ({*re.findall(r"{(\w+)}", each)} for each in pair)

        assert english - grammar == chinese - grammar, code


def test_sentences_are_finished_prose() -> None:
    for code, (english, chinese) in SENTENCES.items():
        prose = re.sub(r"{\w+}", "", chinese)

        assert english.endswith("."), code
        assert english[0].isupper() or english.startswith("{"), code
        assert chinese.endswith("。"), code
        assert not re.search(r"[,;:()!?]", prose), f"half-width punctuation in {code}"


def parts(decision: Decision) -> tuple[Step | Recommendation | Silence, ...]:
    return (*decision.steps, *decision.recommendations, *decision.silent)


@pytest.mark.parametrize("story", STORIES)
def test_no_sentence_misses_a_fact(story: str) -> None:
    for part in parts(decide(STORIES[story], now=NOON)):
        for language in LANGUAGES:
            text = describe(part, language)

            assert "–" not in text
            assert "{" not in text


def test_the_stories_tell_every_reason_code() -> None:
    told = {part.reason for each in STORIES.values() for part in parts(decide(each, now=NOON))}

    assert set(SENTENCES) - told == {"mode.off", "size.unknown", "size.stale"}


@pytest.mark.parametrize("story", STORIES)
def test_a_story_reads_as_it_is_written(story: str) -> None:
    decision = decide(STORIES[story], now=NOON)

    assert WRITTEN[story] == f"{explain(decision)}\n\n{explain(decision, 'zh-hans')}"


@pytest.mark.parametrize(
    ("code", "english", "chinese"),
    [
        ("mode.off", "The mode is off, so nothing is decided.", "模式为 off，因此不做决策。"),
        (
            "size.unknown",
            "The present size could not be read, so nothing is decided.",
            "无法读取当前副本数，因此不做决策。",
        ),
    ],
)
def test_a_refusal_to_decide_has_words(code: str, english: str, chinese: str) -> None:
    assert (refused(code), refused(code, "zh-hans")) == (english, chinese)


def test_instants_are_shown_in_the_readers_zone() -> None:
    pinned = Override(12, NOON + timedelta(hours=1), "user:ann")
    decision = decide(look(override=pinned), now=NOON)

    text = explain(decision, zone=timezone(timedelta(hours=8)))

    assert text.endswith("until 2026-03-02 21:00 UTC+8.")


def test_an_old_trail_that_lacks_a_fact_stays_readable() -> None:
    step = Recommendation("target", 4, "target.per_replica", (("signal", RUNNING),))

    assert describe(step) == (
        "service.requests.running is – and a replica should carry –, which takes 4 replicas."
    )


def test_a_decision_without_steps_can_be_told() -> None:
    assert explain(Decision("chat-7b", NOON, 4, 4, 4)) == "Held at 4 replicas."


def test_summaries_have_the_same_parts_in_every_language() -> None:
    assert SUMMARIES["en"].keys() == SUMMARIES["zh-hans"].keys()
    assert tuple(SUMMARIES) == LANGUAGES
