"""Timestamped values → a regular series: the grid, gaps, time zones and resampling."""

from datetime import UTC, datetime, timedelta
from math import isnan
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from forecasting.errors import BadSeries
from forecasting.series import How, Series, aligned, from_points
from tests.forecasting.shapes import MINUTE, MONDAY, TEN, series

NAN = float("nan")
BERLIN = ZoneInfo("Europe/Berlin")


def numbers(one: Series) -> list[float | None]:
    """The values with None for missing, to be compared as a list."""
    return [None if isnan(value) else value for value in one.values.tolist()]


def test_a_series_covers_its_intervals_and_ends_where_the_next_would_begin() -> None:
    one = series([1, 2, 3])

    assert (len(one), one.end) == (3, MONDAY + 3 * MINUTE)
    assert one.times().tolist() == [MONDAY.timestamp() + 60 * i for i in range(3)]
    assert one.times_ahead(4)[-1] == one.end.timestamp()


def test_local_times_become_utc_and_a_clock_change_leaves_no_hole() -> None:
    spring = datetime(2026, 3, 29, 0, 0, tzinfo=BERLIN)  # at 2 o'clock it is suddenly 3
    one = Series(spring, timedelta(hours=1), np.arange(4.0))
    local = [moment.astimezone(BERLIN).hour for moment in (one.start, one.end)]

    assert one.start == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert np.diff(one.times()).tolist() == [3600.0] * 3
    assert local == [0, 5]


@pytest.mark.parametrize(
    ("start", "step", "values", "complaint"),
    [
        (datetime(2026, 3, 2), MINUTE, [1.0], "no time zone"),  # noqa: DTZ001 - the very fault
        (MONDAY, timedelta(0), [1.0], "step must be positive"),
        (MONDAY, -MINUTE, [1.0], "step must be positive"),
        (MONDAY, MINUTE, [[1.0], [2.0]], "one-dimensional"),
        (MONDAY, MINUTE, [1.0, float("inf")], "infinity"),
        (MONDAY, MINUTE, [-float("inf")], "infinity"),
    ],
)
def test_an_impossible_series_is_refused(
    start: datetime, step: timedelta, values: list[float], complaint: str
) -> None:
    with pytest.raises(BadSeries, match=complaint):
        Series(start, step, np.array(values))


def test_the_values_are_our_own_and_cannot_be_written() -> None:
    mine = np.array([1.0, 2.0])
    one = Series(MONDAY, MINUTE, mine)
    mine[0] = 9.0

    assert one.values.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        one.values[0] = 9.0


def test_equal_series_are_equal_and_a_gap_equals_a_gap() -> None:
    assert series([1, NAN]) == series([1, NAN])
    assert hash(series([1, NAN])) == hash(series([1, NAN]))
    assert series([1, NAN]) != series([1, 0])
    assert series([1]) != series([1], step=TEN)
    assert series([1]) != [1]


def test_a_cut_keeps_the_intervals_that_lie_wholly_inside() -> None:
    one = series([0, 1, 2, 3, 4])
    half = timedelta(seconds=30)
    inner = one.cut(MONDAY + MINUTE - half, MONDAY + 4 * MINUTE + half)

    assert (inner.start, numbers(inner)) == (MONDAY + MINUTE, [1, 2, 3])
    assert numbers(one.cut(MONDAY + half)) == [1, 2, 3, 4]
    assert numbers(one.cut(end=MONDAY + 2 * MINUTE)) == [0, 1]


@pytest.mark.parametrize(
    ("start", "end", "left"),
    [(-9, -3, []), (9, 12, []), (3, 1, []), (-9, 99, [0, 1, 2, 3, 4]), (0, 0, [])],
)
def test_a_cut_beyond_the_series_is_empty_or_whole(start: int, end: int, left: list[int]) -> None:
    cut = series([0, 1, 2, 3, 4]).cut(MONDAY + start * MINUTE, MONDAY + end * MINUTE)

    assert numbers(cut) == left


def test_a_tail_keeps_its_place_in_time() -> None:
    one = series([1, 2, 3])

    assert (one.tail(2).end, numbers(one.tail(2))) == (one.end, [2, 3])
    assert one.tail(9) == one
    assert (len(one.tail(0)), one.tail(0).start) == (0, one.end)


def test_the_newest_value_that_is_present_is_told() -> None:
    assert series([1, 2, NAN]).last_valid() == 2.0
    assert series([NAN]).last_valid() is None
    assert series([]).last_valid() is None


def test_a_gap_is_filled_from_before_as_far_as_the_limit_reaches() -> None:
    one = series([NAN, 1, NAN, NAN, NAN, 2, NAN])

    assert numbers(one.filled(limit=2)) == [None, 1, 1, 1, None, 2, 2]
    assert numbers(one.filled(limit=0)) == numbers(one)
    assert numbers(series([]).filled(limit=2)) == []


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("mean", [2, None, 5]),
        ("sum", [4, None, 5]),
        ("max", [3, None, 5]),
        ("last", [3, None, 5]),
    ],
)
def test_resampling_gathers_what_is_present_and_keeps_what_is_not(
    how: How, expected: list[float | None]
) -> None:
    one = series([1, 3, NAN, NAN, NAN, 5])

    assert numbers(one.resample(timedelta(minutes=2), how)) == expected


def test_resampling_aligns_to_the_epoch_and_not_to_the_start() -> None:
    late = Series(MONDAY + 3 * MINUTE, MINUTE, np.ones(9))
    coarse = late.resample(timedelta(minutes=5), "sum")

    assert (coarse.start, numbers(coarse)) == (MONDAY, [2, 5, 2])


def test_resampling_to_a_finer_step_is_refused() -> None:
    with pytest.raises(BadSeries, match="finer"):
        series([1, 2], step=TEN).resample(MINUTE)


def test_resampling_an_empty_series_gives_an_empty_one() -> None:
    assert numbers(series([]).resample(TEN)) == []


def test_a_day_of_utc_has_24_hours_when_the_local_day_has_25() -> None:
    autumn = datetime(2026, 10, 25, tzinfo=BERLIN)
    one = Series(autumn, timedelta(minutes=30), np.ones(50))
    hours = one.resample(timedelta(hours=1), "sum")

    assert numbers(hours) == [2.0] * 25
    assert aligned(autumn, timedelta(days=1)) == datetime(2026, 10, 24, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [0.1, 0.25, 1, 7, 60, 3600, 86400])
def test_alignment_is_exact_and_stays_put(seconds: float) -> None:
    step = timedelta(seconds=seconds)
    moment = MONDAY + timedelta(seconds=12345.7)
    first = aligned(moment, step)

    assert timedelta(0) <= moment - first < step
    assert aligned(first, step) == first
    assert aligned(first + step, step) == first + step


def test_alignment_needs_a_time_zone_and_a_positive_step() -> None:
    with pytest.raises(BadSeries, match="no time zone"):
        aligned(datetime(2026, 3, 2), MINUTE)  # noqa: DTZ001 - the very fault
    with pytest.raises(BadSeries, match="positive"):
        aligned(MONDAY, timedelta(0))


def test_moments_before_the_epoch_are_rounded_down_too() -> None:
    moment = datetime(1969, 12, 31, 23, 59, 30, tzinfo=UTC)

    assert aligned(moment, MINUTE) == datetime(1969, 12, 31, 23, 59, tzinfo=UTC)


def gathered(points: list[tuple[float, float]], how: How = "mean") -> list[float | None]:
    start = MONDAY.timestamp()
    moved = [(start + at, value) for at, value in points]
    return numbers(from_points(moved, span=(MONDAY, MONDAY + 3 * MINUTE), step=MINUTE, how=how))


def test_points_fall_into_the_interval_that_they_begin() -> None:
    assert gathered([(0, 1), (59.9, 3), (60, 5)]) == [2, 5, None]


def test_points_that_are_outside_or_no_numbers_are_ignored() -> None:
    odd = [(-1, 7), (180, 7), (1e300, 7), (-1e300, 7), (NAN, 7), (1, NAN), (2, float("inf"))]

    assert gathered([*odd, (61, 5)]) == [None, 5, None]
    assert gathered([]) == [None, None, None]


def test_the_last_value_is_the_newest_whatever_the_order() -> None:
    assert gathered([(30, 3), (10, 1), (20, 2)], "last") == [3, None, None]


def test_a_span_that_begins_inside_an_interval_begins_with_it() -> None:
    half = timedelta(seconds=30)
    one = from_points([], span=(MONDAY + half, MONDAY + MINUTE + half), step=MINUTE)

    assert (one.start, len(one)) == (MONDAY, 2)
    assert len(from_points([], span=(MONDAY, MONDAY), step=MINUTE)) == 0
    assert len(from_points([], span=(MONDAY, MONDAY - TEN), step=MINUTE)) == 0
