"""A recording as demand: in phase, spread over steps, with its holes, and for ever."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from controlplane.demo.recorded import DAY, TOKENS_EACH, WEEK, Recorded, anchored, profile
from controlplane.demo.trace import Recording

START = datetime(2026, 1, 5, 6, tzinfo=UTC).timestamp()
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()


def tape(hours: int = 96, *, step: float = 600.0) -> Recording:
    """Counts that rise by one an interval, so that each says where it stands."""
    counts = np.arange(1.0, hours * 3600 / step + 1)
    unknown = np.full(counts.size, np.nan)
    return Recording("tape", "requests", START, step, counts, unknown, unknown)


def test_a_count_is_spread_evenly_over_finer_steps_and_added_up_over_coarser_ones() -> None:
    source = Recorded(tape(), anchor=NOON, origin=0.0)

    assert source.lot(NOON, step=60.0, count=10).requests == pytest.approx([0.1] * 10)
    assert source.lot(NOON, step=1800.0, count=2).requests == pytest.approx([6.0, 15.0])
    assert source.lot(NOON + 570, step=60.0, count=1).requests == pytest.approx([0.15])


def test_holes_stay_holes() -> None:
    counts = tape().requests.copy()
    counts[1:3] = np.nan
    source = Recorded(replace(tape(), requests=counts), anchor=NOON, origin=0.0)
    requests = source.lot(NOON, step=300.0, count=8).requests

    assert np.isnan(requests).tolist() == [False] * 2 + [True] * 4 + [False] * 2


def test_before_its_beginning_nothing_is_known() -> None:
    source = Recorded(tape(), anchor=NOON, origin=600.0)

    assert np.isnan(source.lot(NOON - 1200, step=600.0, count=3).requests).tolist() == [
        True,
        False,
        False,
    ]


def test_at_its_end_it_goes_back_by_whole_days_and_counts_the_laps() -> None:
    source = Recorded(tape(98), anchor=NOON, origin=97.5 * 3600)
    end = NOON + 1800

    assert source.loop == 4 * DAY
    assert source.place(np.array([end - 1, end])).tolist() == [98 * 3600 - 1, 2 * 3600]
    assert [source.laps(moment) for moment in (end - 1, end, end + 4 * DAY)] == [0, 1, 2]


def test_the_last_quarter_is_still_to_come_at_the_recordings_own_time_of_day() -> None:
    source = anchored(tape(96), now=NOON)

    assert 0.5 * 96 * 3600 < source.origin <= 0.75 * 96 * 3600
    assert (START + source.origin - NOON) % DAY == 0


def test_a_long_recording_keeps_its_weekday_and_a_short_one_only_its_place() -> None:
    long, short = anchored(tape(24 * 40), now=NOON), anchored(tape(20), now=NOON)

    assert (START + long.origin - NOON) % WEEK == 0
    assert short.origin == 15 * 3600


def test_tokens_alone_become_requests_of_the_usual_length() -> None:
    only = replace(tape(), counted="input_tokens", input_tokens=tape().requests * TOKENS_EACH)
    lot = anchored(only, now=NOON).lot(NOON, step=600.0, count=1)

    assert lot.input_tokens == pytest.approx([TOKENS_EACH])


def test_its_fleet_carries_the_mean_with_eight_replicas_at_seventy_percent() -> None:
    made = profile(anchored(tape(), now=NOON))

    assert made.plant.per_replica * 8 * 0.7 == pytest.approx(tape().mean_rate, rel=1e-3)
    assert made.description.startswith("Synthetic fleet under recorded demand")


def test_counts_of_tiny_services_keep_enough_decimals() -> None:
    tiny = replace(tape(), requests=tape().requests / 1e6)

    assert profile(anchored(tape(), now=NOON)).decimals < profile(anchored(tiny, now=NOON)).decimals
