"""A series → what this time of day usually looks like, and how far that can be trusted."""

from datetime import timedelta

import numpy as np
import pytest

from forecasting.features import unit_of
from forecasting.seasonality import Habit, Profile, habit
from forecasting.series import Series
from tests.forecasting.shapes import MINUTE, MONDAY, TEN, daily, series, wave, with_gaps


def learnt(history: Series, beyond: int = 3) -> Habit:
    return habit(history, unit_of(history), beyond=beyond)


def likeness(profile: Profile, history: Series) -> float:
    """Correlation with the wave that the history was made from."""
    clean = np.log1p(wave(1, step=history.step) / profile.unit)
    return float(np.corrcoef(clean, profile.slots)[0, 1])


def test_a_daily_habit_is_found_under_noise() -> None:
    found = learnt(daily(7, noise=0.3))

    assert likeness(found.profile, daily(7)) > 0.98


def test_without_noise_a_habit_is_trusted_and_with_it_less_so() -> None:
    swings = [np.ptp(learnt(daily(7, noise=noise)).profile.slots) for noise in (0.02, 0.3, 1.0)]

    assert swings[0] == pytest.approx(np.log(16 / 6), rel=0.1)  # log(1 + value / 10) from 50 to 150
    assert swings == sorted(swings, reverse=True)


def test_a_growing_service_has_the_shape_of_a_steady_one() -> None:
    steady = series(wave(7), step=TEN)
    growing = series(wave(7) * np.exp(np.linspace(0, 2, len(steady))), step=TEN)

    assert likeness(learnt(growing).profile, growing) > 0.98


def test_noise_without_a_habit_gets_a_flat_profile() -> None:
    noise = np.exp(np.random.default_rng(5).normal(0, 0.5, 7 * 144)) * 100
    found = learnt(series(noise, step=TEN))

    assert np.ptp(found.profile.slots) < 0.1


def test_a_habit_of_another_period_is_not_taken_for_a_daily_one() -> None:
    at = np.arange(7 * 144) / 144
    found = learnt(series(100 * (1 + 0.5 * np.sin(2 * np.pi * at / 0.77)), step=TEN))

    assert np.ptp(found.profile.slots) < 0.15


def test_less_than_two_days_say_nothing_about_the_next() -> None:
    found = learnt(daily(1.9))

    assert not found.profile.slots.any()
    assert found.others.tolist() == [0.0] * (len(daily(1.9)) + 3)


@pytest.mark.parametrize("history", [series([]), series([1.0]), series(np.zeros(5000), step=TEN)])
def test_nothing_to_learn_from_gives_a_flat_profile(history: Series) -> None:
    found = learnt(history)

    assert not found.profile.slots.any()
    assert found.others.size == len(history) + 3


def test_a_day_is_judged_without_itself() -> None:
    values, noon = wave(6), 72
    values[2 * 144 + noon - 2 : 2 * 144 + noon + 3] *= 4  # once, on the third day
    others = learnt(series(values, step=TEN)).others
    at_noon = others[noon::144][:6]

    assert at_noon[2] < at_noon.min(initial=9, where=np.arange(6) != 2) - 0.05


def test_gaps_are_no_habit() -> None:
    whole = daily(7)
    hole = with_gaps(whole, (100, 150), (400, 560))

    assert likeness(learnt(hole).profile, whole) > 0.98
    assert np.isfinite(learnt(hole).others).all()


def test_a_lost_night_every_day_leaves_finite_numbers() -> None:
    gaps = [(day * 144, day * 144 + 40) for day in range(6)]
    found = learnt(with_gaps(daily(6), *gaps))

    assert np.isfinite(found.profile.slots).all()


def test_the_profile_is_read_by_the_time_of_day() -> None:
    profile = Profile(np.arange(24.0), 3600.0, 1.0)
    times = np.array([MONDAY.timestamp() + 3600 * hour for hour in (0, 5.5, 23, 24, 49)])

    assert profile.at(times).tolist() == [0, 5, 23, 0, 1]


def test_a_series_may_begin_at_any_hour() -> None:
    whole = daily(7, noise=0.0)
    late = whole.cut(MONDAY + timedelta(hours=7, minutes=20))

    assert likeness(learnt(late).profile, whole) > 0.99


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=7), timedelta(days=1)])
def test_coarse_steps_are_no_trouble(step: timedelta) -> None:
    found = learnt(daily(40, step=step), beyond=1)

    assert np.isfinite(found.profile.slots).all()
    assert found.profile.slots.size == max(1, round(timedelta(days=1) / step))


def test_a_profile_comes_back_from_what_is_stored_of_it() -> None:
    profile = learnt(daily(5)).profile
    again = Profile.restored(profile.config(), profile.slots)

    assert again.slots.tolist() == profile.slots.tolist()
    assert (again.seconds, again.unit) == (profile.seconds, profile.unit)


def test_minutes_are_smoothed_over_a_quarter_of_an_hour() -> None:
    noisy = learnt(daily(4, step=MINUTE, noise=0.5), beyond=30).profile.slots

    assert np.abs(np.diff(noisy)).max() < 0.05
