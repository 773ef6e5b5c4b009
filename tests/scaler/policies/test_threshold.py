"""A bound crossed for a whole time adds or removes a few replicas, once."""

from datetime import timedelta

import pytest

from scaler.engine.settings import ThresholdParams
from scaler.engine.snapshot import Memory
from scaler.policies import recommend
from scaler.policies.recommendation import Recommendation, Silence, Voice
from tests.scaler.looks import GPU, ago, look, seen, steady

BUSY = ThresholdParams(GPU, 2, timedelta(minutes=5), above=0.85)
QUIET = ThresholdParams(GPU, -3, timedelta(minutes=5), below=0.3)


def test_a_bound_exceeded_for_the_whole_time_adds_the_change() -> None:
    wish = recommend(BUSY, look(BUSY, seen=(steady(GPU, 0.9),)))

    assert wish == Recommendation(
        "threshold",
        12,
        "threshold.above",
        (
            ("signal", GPU),
            ("value", 0.9),
            ("bound", 0.85),
            ("hold_s", 300.0),
            ("change", 2),
            ("unit", "1"),
        ),
        Voice.ASK,
    )


@pytest.mark.parametrize(
    ("policy", "values", "desired", "reason", "voice"),
    [
        pytest.param(BUSY, [0.9] * 25, 12, "threshold.above", Voice.ASK, id="above throughout"),
        pytest.param(
            BUSY,
            [0.9] * 10 + [0.85] + [0.9] * 14,
            10,
            "threshold.calm",
            Voice.CALM,
            id="once at it",
        ),
        pytest.param(
            BUSY, [0.2] * 24 + [0.9], 10, "threshold.calm", Voice.CALM, id="only just above"
        ),
        pytest.param(BUSY, [0.9] * 24 + [0.1], 10, "threshold.calm", Voice.CALM, id="just fallen"),
        pytest.param(QUIET, [0.2] * 25, 7, "threshold.below", Voice.RELEASE, id="below throughout"),
        pytest.param(
            QUIET, [0.2] * 24 + [0.3], 10, "threshold.calm", Voice.RELEASE, id="back at the bound"
        ),
        pytest.param(
            QUIET,
            [0.2] * 10 + [None] + [0.2] * 14,
            10,
            "threshold.gap",
            Voice.RELEASE,
            id="below, but one sample did not come",
        ),
        pytest.param(
            BUSY,
            [0.9] * 10 + [None] + [0.9] * 14,
            12,
            "threshold.above",
            Voice.ASK,
            id="a missing sample does not stop an addition",
        ),
    ],
)
def test_what_counts_is_all_of_the_time(
    policy: ThresholdParams, values: list[float | None], desired: int, reason: str, voice: Voice
) -> None:
    wish = recommend(policy, look(policy, seen=(seen(GPU, *values),)))

    assert isinstance(wish, Recommendation)
    assert (wish.desired, wish.reason, wish.voice) == (desired, reason, voice)


@pytest.mark.parametrize(
    ("policy", "value", "memory", "reason", "voice"),
    [
        pytest.param(
            BUSY,
            0.9,
            Memory(last_up=ago(seconds=299)),
            "threshold.waiting",
            Voice.ASK,
            id="just up",
        ),
        pytest.param(
            BUSY, 0.9, Memory(last_up=ago(seconds=300)), "threshold.above", Voice.ASK, id="long up"
        ),
        pytest.param(
            BUSY,
            0.9,
            Memory(last_down=ago(seconds=1)),
            "threshold.above",
            Voice.ASK,
            id="just down",
        ),
        pytest.param(
            QUIET,
            0.2,
            Memory(last_down=ago(seconds=299)),
            "threshold.waiting",
            Voice.RELEASE,
            id="a release waits for the last release",
        ),
        pytest.param(
            QUIET,
            0.2,
            Memory(last_up=ago(seconds=1)),
            "threshold.below",
            Voice.RELEASE,
            id="and not for the last addition",
        ),
    ],
)
def test_the_same_breach_must_last_again_after_an_order(
    policy: ThresholdParams, value: float, memory: Memory, reason: str, voice: Voice
) -> None:
    wish = recommend(policy, look(policy, seen=(steady(GPU, value),), memory=memory))

    assert isinstance(wish, Recommendation)
    assert (wish.reason, wish.voice) == (reason, voice)


def test_more_than_there_are_cannot_be_removed() -> None:
    wish = recommend(QUIET, look(QUIET, seen=(steady(GPU, 0.1),), ready=2))

    assert isinstance(wish, Recommendation)
    assert wish.desired == 0


def test_replicas_that_are_starting_count_as_present() -> None:
    wish = recommend(BUSY, look(BUSY, seen=(steady(GPU, 0.9),), ready=4, pending=3))

    assert isinstance(wish, Recommendation)
    assert wish.desired == 9


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        pytest.param([0.9] * 5, "signal.short", id="seen for one of five minutes"),
        pytest.param([0.9] * 30 + [None] * 9 + [0.9] * 2, "signal.gaps", id="an outage"),
        pytest.param([], "signal.absent", id="never seen"),
    ],
)
def test_without_samples_of_the_whole_time_there_is_no_opinion(
    values: list[float | None], reason: str
) -> None:
    found = (seen(GPU, *values),) if values else ()

    silence = recommend(BUSY, look(BUSY, seen=found))

    assert isinstance(silence, Silence)
    assert (silence.policy, silence.reason) == ("threshold", reason)


def test_a_rule_without_a_bound_never_fires() -> None:
    nothing = ThresholdParams(GPU, 2, timedelta(minutes=5))

    wish = recommend(nothing, look(nothing, seen=(steady(GPU, 0.9),)))

    assert isinstance(wish, Recommendation)
    assert wish.voice is Voice.CALM
