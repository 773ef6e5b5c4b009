"""What an observation and a snapshot say about themselves."""

from datetime import timedelta
from typing import Any

import pytest

from scaler.engine.snapshot import Observation, Replicas
from scaler.errors import NoDecision
from scaler.policies import recommend
from tests.scaler.looks import GPU, NOON, RUNNING, ago, look, seen


@pytest.mark.parametrize(
    ("found", "age", "fresh"),
    [
        pytest.param(seen(GPU, 0.5), timedelta(0), True, id="just received"),
        pytest.param(
            seen(GPU, 0.5, received_at=ago(minutes=2)), timedelta(minutes=2), False, id="old"
        ),
        pytest.param(
            Observation(GPU, None, NOON), timedelta(0), False, id="received, but no value"
        ),
        pytest.param(Observation(GPU, 0.5, None), None, False, id="never received"),
    ],
)
def test_an_observation_knows_its_age(
    found: Observation, age: timedelta | None, fresh: bool
) -> None:
    assert (found.age(NOON), found.fresh(NOON)) == (age, fresh)


def test_ready_and_starting_replicas_are_the_current_ones() -> None:
    assert Replicas(3, (NOON, NOON), NOON).current == 5


def test_an_observation_is_found_by_its_signal() -> None:
    snapshot = look(seen=(seen(GPU, 0.5), seen(RUNNING, 7.0)))

    assert snapshot.observation(RUNNING) == seen(RUNNING, 7.0)
    assert snapshot.observation("service.nobody") is None


def test_a_size_that_could_not_be_read_is_not_guessed() -> None:
    with pytest.raises(NoDecision, match="could not be read"):
        look(replicas=None).size()


def test_a_policy_of_no_known_kind_is_an_error() -> None:
    stranger: Any = object()

    with pytest.raises(AssertionError):
        recommend(stranger, look())
