"""After a change, wait until its effect can be seen."""

from datetime import timedelta

import pytest

from scaler.engine.settings import Guards
from scaler.engine.snapshot import Memory
from scaler.guardrails.cooldown import guard
from tests.scaler.looks import NOON, ago, look
from tests.scaler.verdicts import last, passed, wanted


@pytest.mark.parametrize(
    ("size", "memory", "to", "reason"),
    [
        pytest.param(12, Memory(), 12, "cooldown.ok", id="never changed"),
        pytest.param(12, Memory(last_up=ago(seconds=59)), 10, "cooldown.up", id="just up"),
        pytest.param(12, Memory(last_up=ago(seconds=60)), 12, "cooldown.ok", id="up a minute ago"),
        pytest.param(
            12, Memory(last_down=ago(seconds=1)), 12, "cooldown.ok", id="additions ignore releases"
        ),
        pytest.param(8, Memory(last_down=ago(seconds=299)), 10, "cooldown.down", id="just down"),
        pytest.param(8, Memory(last_down=ago(seconds=300)), 8, "cooldown.ok", id="long down"),
        pytest.param(
            8, Memory(last_up=ago(seconds=599)), 10, "cooldown.settling", id="up within ten minutes"
        ),
        pytest.param(
            8, Memory(last_up=ago(seconds=600)), 8, "cooldown.ok", id="up ten minutes ago"
        ),
        pytest.param(
            8,
            Memory(last_up=ago(seconds=500), last_down=ago(seconds=10)),
            10,
            "cooldown.down",
            id="whichever lasts longer is named: the release",
        ),
        pytest.param(
            8,
            Memory(last_up=ago(seconds=10), last_down=ago(seconds=10)),
            10,
            "cooldown.settling",
            id="whichever lasts longer is named: the addition",
        ),
        pytest.param(10, Memory(last_up=NOON), 10, "cooldown.ok", id="holding never waits"),
    ],
)
def test_up_waits_a_minute_and_down_five_or_ten(
    size: int, memory: Memory, to: int, reason: str
) -> None:
    decision = passed(guard, wanted(size), look(memory=memory))

    assert (decision.desired, last(decision).reason) == (to, reason)


def test_the_sentence_says_how_long_it_still_takes() -> None:
    decision = passed(guard, wanted(12), look(memory=Memory(last_up=ago(seconds=37))))

    assert last(decision).facts == (("left_s", 23.0),)


def test_the_owner_may_switch_cooldowns_off() -> None:
    guards = Guards(cooldown_up=timedelta(0), cooldown_down=timedelta(0))
    memory = Memory(last_up=NOON, last_down=NOON)

    both = [
        passed(guard, wanted(size), look(guards=guards, memory=memory)).desired for size in (8, 12)
    ]

    assert both == [8, 12]
