"""Decisions and snapshots survive being stored, and what is stored decides the same again."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from scaler.engine import plain
from scaler.engine.decide import decide
from scaler.engine.decision import Decision
from scaler.engine.settings import ThresholdParams
from scaler.engine.snapshot import Mode, Observation, Override, Snapshot
from scaler.engine.trail import dump_decision, dump_snapshot, load_decision, load_snapshot
from tests.scaler.looks import GPU, NOON, RUNNING, forecast, look, seen
from tests.scaler.stories import STORIES


def posted(value: Any) -> Any:
    """Through strict JSON and back."""
    return json.loads(json.dumps(value, allow_nan=False))


@pytest.mark.parametrize("story", STORIES)
def test_a_stored_snapshot_decides_the_same_again(story: str) -> None:
    snapshot = STORIES[story]
    decision = decide(snapshot, now=NOON)

    again = load_snapshot(posted(dump_snapshot(snapshot)), snapshot.forecast)

    assert decide(again, now=NOON) == decision
    assert load_decision(posted(dump_decision(decision))) == decision


def test_a_stored_snapshot_is_the_same_snapshot() -> None:
    snapshot = look(
        ThresholdParams(GPU, 2, timedelta(minutes=5), above=0.85),
        seen=(seen(GPU, 0.5, None, 0.6), Observation(RUNNING, None, None)),
        override=Override(None, NOON, "ann"),
        mode=Mode.APPROVE,
        pending=2,
    )

    assert load_snapshot(posted(dump_snapshot(snapshot))) == snapshot


def test_the_forecast_is_stored_by_itself() -> None:
    fan = forecast(1, 2, 3)
    snapshot = look(forecast=fan)

    stored = dump_snapshot(snapshot)

    assert stored["forecast"] is None
    assert load_snapshot(stored, fan).forecast is fan


def test_what_is_not_a_number_stays_so() -> None:
    broken = seen(GPU, 0.5, float("nan"), float("inf"))

    (found,) = load_snapshot(posted(dump_snapshot(look(seen=(broken,))))).observations

    assert found.value == float("inf")
    assert [str(value) for _at, value in found.history] == ["0.5", "nan", "inf"]


def test_a_number_of_another_library_is_stored_as_one_of_ours() -> None:
    assert plain.dump((np.float64("nan"), np.float64(0.5))) == ["nan", 0.5]


@pytest.mark.parametrize(
    ("kind", "stored"),
    [
        pytest.param(Decision, {"nobody": "knows"}, id="an unknown key"),
        pytest.param(Decision, {}, id="missing keys"),
        pytest.param(Decision, [1, 2], id="not a mapping"),
        pytest.param(tuple[int, str], [1], id="a tuple that is too short"),
        pytest.param(Snapshot.__annotations__["policies"], [{"kind": "magic"}], id="unknown kind"),
        pytest.param(Mode, "sometimes", id="an unknown mode"),
    ],
)
def test_what_was_never_stored_cannot_be_read(kind: Any, stored: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        plain.load(kind, stored)


@pytest.mark.parametrize("load", [load_decision, load_snapshot])
def test_a_trail_of_another_version_is_refused(load: Any) -> None:
    with pytest.raises(ValueError, match="version 99"):
        load({"version": 99})


def test_an_instant_is_stored_in_utc() -> None:
    stored = dump_decision(replace(decide(look(), now=NOON), at=NOON))

    assert stored["at"] == "2026-03-02T12:00:00+00:00"
