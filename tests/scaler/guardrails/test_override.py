"""People have the last word."""

from datetime import datetime, timedelta

import pytest

from scaler.engine.decision import Stage
from scaler.engine.snapshot import Override
from scaler.guardrails.override import guard
from tests.scaler.looks import NOON, look
from tests.scaler.verdicts import last, passed, wanted

LATER = NOON + timedelta(hours=1)


def word(size: int | None, until: datetime = LATER) -> Override:
    return Override(size, until, "ann", "load test")


@pytest.mark.parametrize(
    ("override", "paused", "to", "reason"),
    [
        pytest.param(None, False, 14, "override.none", id="nobody says anything"),
        pytest.param(word(6), False, 6, "override.pinned", id="pinned below"),
        pytest.param(word(60), False, 60, "override.pinned", id="pinned above the bounds"),
        pytest.param(word(0), False, 0, "override.pinned", id="pinned to none"),
        pytest.param(word(-1), False, 0, "override.pinned", id="pinned to an impossible size"),
        pytest.param(word(None), False, 10, "override.frozen", id="frozen"),
        pytest.param(word(6, NOON), False, 14, "override.none", id="the pin ends now"),
        pytest.param(None, True, 10, "override.paused", id="paused"),
        pytest.param(word(6), True, 10, "override.paused", id="paused beats pinned"),
    ],
)
def test_a_person_beats_the_engine(
    override: Override | None, paused: bool, to: int, reason: str
) -> None:
    decision = passed(guard, wanted(14), look(override=override, paused=paused, bounds=(1, 20)))

    assert (decision.desired, last(decision).reason) == (to, reason)


def test_a_freeze_outside_the_bounds_holds_and_says_what_was_wanted_instead() -> None:
    decision = passed(guard, wanted(5, 2), look(override=word(None), bounds=(5, 20)))

    assert (last(decision).before, last(decision).after) == (5, 2)
    assert last(decision).stage is Stage.PERSON
    assert last(decision).facts == (
        ("by", "ann"),
        ("until", "2026-03-02T13:00:00+00:00"),
        ("because", "load test"),
    )
