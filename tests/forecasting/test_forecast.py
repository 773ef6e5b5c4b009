"""Quantiles per step → answers about instants, and no forecast that is broken."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from forecasting.errors import BadSeries
from forecasting.forecast import QUANTILES, Forecast
from tests.forecasting.shapes import MINUTE, MONDAY

THREE = Forecast(
    MONDAY, MINUTE, (0.5, 0.9, 0.99), np.array([[1, 2, 4], [10, 20, 40], [5, 6, 7]]), "test"
)


def changed(**what: object) -> Forecast:
    return replace(THREE, **what)  # type: ignore[arg-type]  # some of it is wrong on purpose


@pytest.mark.parametrize(
    ("what", "complaint"),
    [
        ({"values": np.array([[1.0, 2.0]])}, "has shape"),
        ({"values": np.array([1.0, 2.0, 3.0])}, "has shape"),
        ({"values": np.zeros((0, 3))}, "has shape"),
        ({"values": np.array([[1.0, 2.0, np.nan]])}, "non-finite"),
        ({"values": np.array([[1.0, 2.0, np.inf]])}, "non-finite"),
        ({"values": np.array([[-1e-9, 2.0, 3.0]])}, "negative"),
        ({"values": np.array([[2.0, 1.0, 3.0]])}, "cross"),
        ({"quantiles": (0.9, 0.5, 0.99)}, "rise between 0 and 1"),
        ({"quantiles": (0.5, 0.5, 0.99)}, "rise between 0 and 1"),
        ({"quantiles": (0.0, 0.5, 0.99)}, "rise between 0 and 1"),
        ({"quantiles": (0.5, 0.9, 1.0)}, "rise between 0 and 1"),
        ({"origin": datetime(2026, 3, 2)}, "aware origin"),  # noqa: DTZ001 - the very fault
        ({"step": timedelta(0)}, "positive step"),
    ],
)
def test_a_broken_forecast_cannot_be_made(what: dict[str, object], complaint: str) -> None:
    with pytest.raises(BadSeries, match=complaint):
        changed(**what)


def test_a_forecast_covers_from_its_origin_up_to_but_not_its_end() -> None:
    assert (THREE.horizon, THREE.end) == (3, MONDAY + 3 * MINUTE)
    assert THREE.covers(MONDAY)
    assert THREE.covers(THREE.end - timedelta(microseconds=1))
    assert not THREE.covers(THREE.end)
    assert not THREE.covers(MONDAY - timedelta(microseconds=1))


def test_an_instant_is_answered_by_its_step_and_nothing_beyond() -> None:
    assert THREE.at(MONDAY + MINUTE, 0.5) == 10.0
    assert THREE.at(MONDAY + 2 * MINUTE - timedelta(seconds=1), 0.9) == 20.0
    assert THREE.at(THREE.end, 0.5) is None
    assert THREE.at(MONDAY - MINUTE, 0.5) is None


def test_between_stored_quantiles_the_value_lies_between() -> None:
    assert THREE.at(MONDAY, 0.7) == pytest.approx(1.5)
    assert THREE.at(MONDAY, 0.945) == pytest.approx(3.0)


def test_beyond_the_outermost_quantiles_their_values_stand_in() -> None:
    assert THREE.at(MONDAY, 0.1) == 1.0
    assert THREE.at(MONDAY, 0.999) == 4.0


@pytest.mark.parametrize("quantile", [0.0, 1.0, -0.5, 95.0, float("nan")])
def test_a_quantile_that_is_none_is_refused(quantile: float) -> None:
    with pytest.raises(BadSeries, match="between 0 and 1"):
        THREE.path(quantile)


def test_a_path_is_a_series_from_the_origin_on() -> None:
    path = THREE.path(0.99)

    assert (path.start, path.step, path.values.tolist()) == (MONDAY, MINUTE, [4, 40, 7])


def test_every_stored_quantile_comes_back_exactly() -> None:
    values = np.sort(np.random.default_rng(1).random((4, len(QUANTILES))), axis=1)
    one = Forecast(MONDAY, MINUTE, QUANTILES, values, "test")

    for column, quantile in enumerate(QUANTILES):
        assert one.path(quantile).values.tolist() == values[:, column].tolist()


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (0.0, 0.5, 2.0),
        (0.0, 1.0, 20.0),  # the step that begins at the end of the span is touched
        (1.5, 2.5, 20.0),
        (2.0, 9.0, 6.0),
        (-9.0, 0.0, 2.0),
        (-9.0, -1.0, None),
        (3.0, 9.0, None),
    ],
)
def test_the_highest_value_over_a_span_counts_every_step_it_touches(
    first: float, last: float, expected: float | None
) -> None:
    assert THREE.highest(0.9, MONDAY + first * MINUTE, MONDAY + last * MINUTE) == expected


def test_equal_forecasts_are_equal_and_one_value_makes_a_difference() -> None:
    other = THREE.values.copy()
    other[0, 0] = 0.5

    assert changed() == THREE
    assert hash(changed()) == hash(THREE)
    assert changed(values=other) != THREE
    assert changed(model="other") != THREE
    assert THREE != "a forecast"


def test_the_values_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        THREE.values[0, 0] = 9.0
