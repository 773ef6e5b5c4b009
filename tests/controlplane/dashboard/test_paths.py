"""Small drawings keep peaks and gaps, and stay small."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.dashboard.figures.paths import MOST_POINTS, ceiling, drawing, spark
from controlplane.dashboard.figures.thin import kept, plain
from forecasting.series import Series

START = datetime(2026, 3, 2, tzinfo=UTC)


def series(values: list[float]) -> Series:
    return Series(START, timedelta(minutes=1), np.array(values))


@given(st.lists(st.floats(-1e9, 1e9) | st.just(float("nan")), min_size=1, max_size=3000))
def test_thinning_keeps_the_lowest_the_highest_and_the_limit(values: list[float]) -> None:
    array = np.array(values)

    index = kept(array, 100)

    assert len(index) <= max(100, 2)
    assert index.tolist() == sorted(set(index.tolist()))
    if not np.isnan(array).all():
        assert np.nanmax(array[index]) == np.nanmax(array)
        assert np.nanmin(array[index]) == np.nanmin(array)


def test_a_long_gap_survives_thinning() -> None:
    values = np.ones(1000)
    values[300:500] = np.nan

    assert np.isnan(values[kept(values, 100)]).any()


def test_missing_values_are_null_and_never_zero() -> None:
    assert plain(np.array([1.0, float("nan"), 0.123456789])) == [1.0, None, 0.12346]


def test_a_gap_lifts_the_pen() -> None:
    drawn = drawing(
        series([1, 2, float("nan"), 2, 1]), start=START, end=START + timedelta(minutes=5)
    )

    assert drawn.line.count("M") == 2
    assert drawn.area.count("Z") == 2


def test_a_drawing_starts_at_zero_and_leaves_room_for_its_bound() -> None:
    drawn = drawing(series([0.1, 0.12]), start=START, end=START + timedelta(minutes=2), bound=0.2)

    assert drawn.top == pytest.approx(0.25)
    assert drawn.bound == pytest.approx(20.0)


def test_a_share_is_drawn_against_all_of_it() -> None:
    drawn = drawing(series([0.7, 0.99]), start=START, end=START + timedelta(minutes=2), unit=None)

    assert drawn.top == 1.0


def test_a_thousand_points_become_a_hundred() -> None:
    drawn = drawing(
        series([float(i % 7) for i in range(1000)]), start=START, end=START + timedelta(hours=17)
    )

    assert len(drawn.shown) <= MOST_POINTS


@pytest.mark.parametrize(
    ("values", "top"), [([], 1), ([0, 0], 1), ([0.9], 1), ([1.0], 1.2), ([228], 250), ([9.7], 12)]
)
def test_the_upper_edge_is_a_round_number_above_everything(values: list[float], top: float) -> None:
    assert ceiling(values) == pytest.approx(top)


@pytest.mark.parametrize("values", [[], [1.0], [None, None], [None, 5.0]])
def test_a_sparkline_needs_two_points(values: list[float | None]) -> None:
    assert spark(values) == ""


def test_a_flat_sparkline_is_a_line_in_the_middle() -> None:
    assert spark([3.0, 3.0], width=10, height=22) == "M0 11.0 10 11.0"


def test_a_single_point_between_gaps_is_still_seen() -> None:
    assert "h.1" in spark([1.0, None, 2.0, None, 3.0])
