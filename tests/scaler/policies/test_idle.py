"""What nobody needed for a whole time is released."""

from datetime import timedelta

import pytest

from scaler.engine.settings import IdleParams
from scaler.policies import recommend
from scaler.policies.recommendation import Recommendation, Silence, Voice
from tests.scaler.looks import GPU, ago, look, seen, steady

IDLE = IdleParams(below=0.3, hold=timedelta(minutes=15), release_to=2)


@pytest.mark.parametrize(
    ("values", "current", "desired", "reason"),
    [
        pytest.param([0.15] * 61, 10, 5, "idle.release", id="at half of the bound: half of it"),
        pytest.param([0.2] * 61, 9, 6, "idle.release", id="an exact share is not rounded up"),
        pytest.param([0.1] * 61, 1, 1, "idle.release", id="less than the floor is never filled up"),
        pytest.param([0.0] * 61, 10, 2, "idle.release", id="nobody at all: the floor"),
        pytest.param([0.3] * 61, 10, 10, "idle.busy", id="at the bound"),
        pytest.param([0.1] * 60 + [0.31], 10, 10, "idle.busy", id="busy now"),
        pytest.param([0.31] + [0.1] * 60, 10, 10, "idle.busy", id="busy a quarter of an hour ago"),
        pytest.param(
            [0.1] * 30 + [0.24] + [0.1] * 30, 10, 8, "idle.release", id="the highest counts"
        ),
        pytest.param(
            [0.1] * 30 + [None] + [0.1] * 30, 10, 10, "idle.gap", id="a sample is missing"
        ),
    ],
)
def test_what_carried_the_load_of_the_whole_time_is_enough(
    values: list[float | None], current: int, desired: int, reason: str
) -> None:
    wish = recommend(IDLE, look(IDLE, seen=(seen(GPU, *values),), ready=current))

    assert isinstance(wish, Recommendation)
    assert (wish.desired, wish.reason, wish.voice) == (desired, reason, Voice.RELEASE)


def test_the_sentence_has_its_numbers() -> None:
    wish = recommend(IDLE, look(IDLE, seen=(seen(GPU, *[0.2] * 60, 0.1),)))

    assert dict(wish.facts) == {
        "signal": GPU,
        "value": 0.1,
        "highest": 0.2,
        "bound": 0.3,
        "hold_s": 900.0,
        "unit": "1",
    }


@pytest.mark.parametrize(
    ("values", "received_at", "reason"),
    [
        pytest.param([0.1] * 20, ago(seconds=0), "signal.short", id="known for five minutes"),
        pytest.param([0.1] * 61, ago(minutes=5), "signal.stale", id="silent for five minutes"),
    ],
)
def test_what_was_not_seen_is_not_idle(
    values: list[float | None], received_at: object, reason: str
) -> None:
    silence = recommend(IDLE, look(IDLE, seen=(seen(GPU, *values, received_at=received_at),)))

    assert isinstance(silence, Silence)
    assert (silence.policy, silence.reason) == ("idle", reason)


def test_a_bound_of_zero_never_releases() -> None:
    never = IdleParams(below=0.0, hold=timedelta(minutes=15), release_to=0)

    wish = recommend(never, look(never, seen=(steady(GPU, 0.0),)))

    assert isinstance(wish, Recommendation)
    assert (wish.desired, wish.reason) == (10, "idle.busy")
