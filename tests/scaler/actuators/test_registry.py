"""A kind of scale target and the adapter that serves it."""

from pathlib import Path

import pytest

from scaler.actuators.base import Actuator, ScaleTarget
from scaler.actuators.registry import ACTUATORS, actuator
from scaler.actuators.simulated import SimulatedCloud
from scaler.errors import Permanent


@pytest.mark.parametrize("kind", ACTUATORS)
def test_every_known_kind_has_an_actuator(kind: str, tmp_path: Path) -> None:
    assert isinstance(actuator(kind, directory=tmp_path), Actuator)


def test_local_state_lies_in_the_directory_that_was_given(tmp_path: Path) -> None:
    made = actuator("simulated", directory=tmp_path / "cloud")

    assert isinstance(made, SimulatedCloud)
    assert (tmp_path / "cloud" / "simulated.sqlite3").exists()


def test_an_unknown_kind_is_an_error_that_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match=r"of kind 'mainframe'; known: simulated"):
        actuator("mainframe", directory=tmp_path)


def test_a_target_is_spelt_the_same_for_the_same_address() -> None:
    target = ScaleTarget("kubernetes", "chat-7b", (("credential", "prod"), ("namespace", "llm")))

    assert target.key == "kubernetes:chat-7b:credential=prod,namespace=llm"
