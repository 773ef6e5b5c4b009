"""What may be believed of a signal: absent, ended, stale, broken and zero are different things."""

from datetime import datetime, timedelta

import pytest

from scaler.engine.snapshot import Observation
from scaler.policies import evidence
from scaler.policies.recommendation import Facts, Silence
from tests.scaler.looks import GPU, NOON, ago, look, seen, steady

SIGNAL = ("signal", GPU)


@pytest.mark.parametrize(
    ("found", "reason", "facts"),
    [
        pytest.param((), "signal.absent", (SIGNAL,), id="the workload does not have it"),
        pytest.param(
            (Observation(GPU, None, None),), "signal.absent", (SIGNAL,), id="nothing ever came"
        ),
        pytest.param(
            (Observation(GPU, None, NOON),), "signal.ended", (SIGNAL,), id="every source has ended"
        ),
        pytest.param(
            (seen(GPU, 0.5, received_at=ago(seconds=91)),),
            "signal.stale",
            (SIGNAL, ("age_s", 91.0)),
            id="older than 90 s",
        ),
        pytest.param(
            (seen(GPU, 0.5, received_at=ago(minutes=4), interval=timedelta(minutes=1)),),
            "signal.stale",
            (SIGNAL, ("age_s", 240.0)),
            id="older than three of its intervals",
        ),
        pytest.param((seen(GPU, float("nan")),), "signal.broken", (SIGNAL,), id="not a number"),
        pytest.param((seen(GPU, float("inf")),), "signal.broken", (SIGNAL,), id="infinite"),
        pytest.param((seen(GPU, float("-inf")),), "signal.broken", (SIGNAL,), id="minus infinity"),
        pytest.param(
            (seen(GPU, -0.1),),
            "signal.negative",
            (SIGNAL, ("value", -0.1), ("unit", "1")),
            id="negative",
        ),
    ],
)
def test_what_cannot_be_believed_says_why(
    found: tuple[Observation, ...], reason: str, facts: Facts
) -> None:
    silence = evidence.seen(look(seen=found), GPU, policy="target")

    assert silence == Silence("target", reason, facts)


@pytest.mark.parametrize(
    ("value", "received_at", "interval"),
    [
        pytest.param(0.0, NOON, timedelta(seconds=15), id="zero is a value"),
        pytest.param(0.5, ago(seconds=90), timedelta(seconds=15), id="just not older than 90 s"),
        pytest.param(0.5, ago(minutes=3), timedelta(minutes=1), id="three of its intervals"),
        pytest.param(1e300, NOON, timedelta(seconds=15), id="a huge number is still a number"),
    ],
)
def test_what_is_fresh_and_finite_is_believed(
    value: float, received_at: datetime, interval: timedelta
) -> None:
    found = seen(GPU, value, received_at=received_at, interval=interval)

    sight = evidence.seen(look(seen=(found,)), GPU, policy="target")

    assert sight == evidence.Seen(value, found)


def window(found: Observation, minutes: float) -> evidence.Window | Silence:
    sight = evidence.Seen(found.value or 0.0, found)
    return evidence.window(sight, timedelta(minutes=minutes), look(), policy="idle")


@pytest.mark.parametrize(
    ("found", "whole"),
    [
        pytest.param(steady(GPU, 0.2), True, id="every sample is there"),
        pytest.param(steady(GPU, 0.2, minutes=4.9), True, id="begins within one interval"),
        pytest.param(
            seen(GPU, *[0.2] * 5, None, *[0.2] * 15), False, id="one did not come, further inside"
        ),
        pytest.param(
            seen(GPU, 0.2, 0.2, None, *[0.2] * 19), False, id="the first of the window did not come"
        ),
        pytest.param(seen(GPU, 0.2, float("nan"), *[0.2] * 19), False, id="one was not a number"),
        pytest.param(seen(GPU, 0.2, -0.1, *[0.2] * 19), False, id="one was negative"),
        pytest.param(seen(GPU, *[0.2] * 20, None, 0.2), False, id="the last but one did not come"),
    ],
)
def test_a_window_is_whole_only_when_no_sample_is_missing(found: Observation, whole: bool) -> None:
    past = window(found, minutes=5)

    assert isinstance(past, evidence.Window)
    assert past.whole is whole
    assert set(past.values) == {0.2}


def test_a_window_that_begins_late_is_whole_when_the_sample_before_it_was_in_time() -> None:
    slow = Observation(
        GPU,
        0.2,
        NOON,
        interval=timedelta(minutes=1),
        history=tuple((ago(seconds=65 * index), 0.2) for index in range(6, -1, -1)),
    )

    past = window(slow, minutes=5.4)

    assert isinstance(past, evidence.Window)
    assert past.whole


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        pytest.param(steady(GPU, 0.2, minutes=2), "signal.short", id="known for two of five"),
        pytest.param(
            steady(GPU, 0.2, minutes=4.75), "signal.short", id="begins a whole interval late"
        ),
        pytest.param(seen(GPU, 0.2, history=()), "signal.short", id="no past at all"),
        pytest.param(
            seen(GPU, *[0.2] * 5, *[None] * 7, *[0.2] * 14), "signal.gaps", id="silent for 105 s"
        ),
        pytest.param(
            seen(GPU, 0.2, *[None] * 6, *[0.2] * 18), "signal.gaps", id="silent as it begins"
        ),
        pytest.param(
            seen(
                GPU,
                *[0.2] * 14,
                *[None] * 7,
                0.2,
                history=seen(GPU, *[0.2] * 14, *[None] * 8).history,
            ),
            "signal.gaps",
            id="silent until just now",
        ),
        pytest.param(
            seen(GPU, *[0.2, None] * 10, 0.2), "signal.gaps", id="half of the samples are missing"
        ),
    ],
)
def test_a_time_that_samples_do_not_cover_is_no_evidence(found: Observation, reason: str) -> None:
    silence = window(found, minutes=5)

    assert silence == Silence("idle", reason, (SIGNAL, ("hold_s", 300.0)))


@pytest.mark.parametrize(
    ("found", "whole"),
    [
        pytest.param(seen(GPU, 0.2, history=((ago(seconds=12), 0.2),)), True, id="not due yet"),
        pytest.param(seen(GPU, 0.2, history=((ago(seconds=25), 0.2),)), False, id="overdue"),
        pytest.param(seen(GPU, 0.2, history=()), False, id="nothing but the present"),
    ],
)
def test_a_time_shorter_than_the_interval_is_judged_by_the_present_value(
    found: Observation, whole: bool
) -> None:
    assert window(found, minutes=0) == evidence.Window((0.2,), whole)


def test_samples_that_end_long_ago_are_no_evidence_even_when_they_came_just_now() -> None:
    """As after an outage, when a source sends what it had kept."""
    late = tuple((at, value) for at, value in steady(GPU, 0.2).history if at <= ago(seconds=105))

    silence = window(seen(GPU, 0.2, history=late), minutes=15)

    assert silence == Silence("idle", "signal.gaps", (SIGNAL, ("hold_s", 900.0)))


def test_samples_from_the_future_do_not_count() -> None:
    ahead = (NOON + timedelta(seconds=15), 0.9)
    found = steady(GPU, 0.2)

    past = window(
        seen(GPU, 0.2, history=(*found.history, ahead)),
        minutes=5,
    )

    assert isinstance(past, evidence.Window)
    assert max(past.values) == 0.2


def test_values_too_large_to_add_up_are_still_values() -> None:
    past = window(steady(GPU, 1.5e308), minutes=5)

    assert isinstance(past, evidence.Window)
    assert max(past.values) == 1.5e308
