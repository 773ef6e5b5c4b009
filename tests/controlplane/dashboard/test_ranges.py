"""A page's address always means the same moments, and a wrong one says what to write."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from controlplane.common.errors import InvalidInput
from controlplane.dashboard.ranges import MOST_POINTS, PRESETS, Span, needs_address, span_of

SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_a_preset_ends_now_and_moves_on(noon: datetime) -> None:
    span = span_of({"range": "1h"}, now=noon, zone=UTC)

    assert (span.start, span.end, span.live) == (noon - timedelta(hours=1), noon, True)


def test_without_a_word_the_last_three_hours_are_shown(noon: datetime) -> None:
    assert span_of({}, now=noon, zone=UTC).length == timedelta(hours=3)


def test_an_absolute_span_is_read_in_utc_and_does_not_move(noon: datetime) -> None:
    query = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-01T06:00:00+00:00"}

    span = span_of(query, now=noon, zone=SHANGHAI)

    assert (span.start.hour, span.end.hour, span.live) == (0, 6, False)


def test_a_time_without_a_zone_is_the_readers(noon: datetime) -> None:
    span = span_of({"from": "2026-03-02T08:00", "to": "2026-03-02T09:00"}, now=noon, zone=SHANGHAI)

    assert span.start == datetime(2026, 3, 2, 0, tzinfo=UTC)


def test_an_address_without_a_zone_is_made_absolute() -> None:
    asked = [
        needs_address({"from": "2026-03-02T08:00"}),
        needs_address({"from": "2026-03-02T08:00Z"}),
        needs_address({}),
    ]

    assert asked == [True, False, False]


def test_the_absolute_address_shows_the_same_moments_later(noon: datetime) -> None:
    span = span_of({"range": "1h"}, now=noon, zone=UTC)
    query = dict(pair.split("=") for pair in span.absolute_query.replace("%3A", ":").split("&"))

    again = span_of(query, now=noon + timedelta(days=3), zone=SHANGHAI)

    assert (again.start, again.end) == (span.start, span.end)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"range": "5y"}, "range.preset"),
        ({"from": "yesterday"}, "range.format"),
        ({"from": "2026-03-02T08:00Z", "to": "2026-03-02T08:00Z"}, "range.order"),
        ({"from": "2026-03-02T09:00Z", "to": "2026-03-02T08:00Z"}, "range.order"),
        ({"from": "2020-01-01T00:00Z", "to": "2026-01-01T00:00Z"}, "range.order"),
        ({"from": "0001-01-01T00:00+14:00"}, "range.format"),
        ({"from": "'; DROP TABLE series; --"}, "range.format"),
    ],
)
def test_a_wrong_range_is_refused_in_words(
    query: dict[str, str], code: str, noon: datetime
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        span_of(query, now=noon, zone=UTC)

    assert refusal.value.code == code


@pytest.mark.parametrize("preset", PRESETS)
def test_no_range_needs_more_points_than_a_screen_has(preset: str, noon: datetime) -> None:
    span = span_of({"range": preset}, now=noon, zone=UTC)

    assert span.length / span.step() <= MOST_POINTS


def test_a_very_long_range_is_thinned_by_whole_days(noon: datetime) -> None:
    span = Span(noon - timedelta(days=400), noon)

    assert span.length / span.step(100) <= 100


def test_a_long_range_is_asked_for_news_less_often(noon: datetime) -> None:
    gaps = [span_of({"range": r}, now=noon, zone=UTC).refresh.total_seconds() for r in ("1h", "7d")]

    assert gaps == [1.0, 840.0]


def test_moving_earlier_keeps_the_length_and_stops_following(noon: datetime) -> None:
    moved = span_of({"range": "1h"}, now=noon, zone=UTC).moved(-0.5)

    assert (moved.end, moved.length, moved.live) == (
        noon - timedelta(minutes=30),
        timedelta(hours=1),
        False,
    )
