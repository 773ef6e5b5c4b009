"""A series → anchored windows: scaled, masked, and with nothing of the future in the inputs."""

from dataclasses import replace

import numpy as np
import pytest

from forecasting.features import (
    LEAST_SCALE,
    VARIABILITY_WINDOW,
    View,
    filled,
    logs,
    typical_change,
    unit_of,
    unlogs,
    variability,
    view,
    windows,
)
from forecasting.seasonality import Profile
from forecasting.series import Values
from tests.forecasting.shapes import TEN, daily, series

NAN = float("nan")
FLAT = Profile(np.zeros(144), 600.0, 10.0)


def seen(values: list[float], *, typical: float = 0.1, beyond: int = 2) -> View:
    return view(series(values, step=TEN), FLAT, beyond=beyond, typical=typical)


def test_gaps_carry_the_last_value_and_the_first_gap_the_next_one() -> None:
    carried, missing = filled(series([NAN, NAN, 3, NAN, 5, NAN]))

    assert carried.tolist() == [3, 3, 3, 3, 5, 5]
    assert missing.tolist() == [True, True, False, True, False, True]


def test_a_negative_value_counts_as_none_of_it() -> None:
    assert filled(series([-5, 2]))[0].tolist() == [0, 2]


@pytest.mark.parametrize("values", [[], [NAN, NAN]])
def test_nothing_carried_forward_is_zero(values: list[float]) -> None:
    assert filled(series(values))[0].tolist() == [0.0] * len(values)


def test_logs_and_their_inverse_undo_each_other() -> None:
    history = series([0, 1e-6, 1, 1e9])
    there, _missing = logs(history, 3.0)

    assert unlogs(there, 3.0) == pytest.approx(history.values)
    assert unlogs(np.array([-7.0]), 3.0).tolist() == [0.0]


def test_the_unit_is_a_tenth_of_the_mean_and_never_nothing() -> None:
    assert unit_of(series([10, NAN, 30])) == 2.0
    assert unit_of(series([0, 0])) == unit_of(series([NAN])) == unit_of(series([])) > 0


def test_variability_is_the_size_of_recent_changes() -> None:
    steps = np.cumsum(np.tile([0.5, -0.5], 400))
    recent = variability(steps, np.zeros(800, dtype=bool), horizon=1, typical=0.5)

    assert recent == pytest.approx(np.full(800, 0.5))


def test_an_old_storm_is_forgotten_and_a_new_one_seen_at_once() -> None:
    calm = np.zeros(3 * VARIABILITY_WINDOW)
    calm[: VARIABILITY_WINDOW // 2] = np.tile([0.0, 2.0], VARIABILITY_WINDOW // 4)
    calm[-2] = 2.0
    recent = variability(calm, np.zeros(calm.size, dtype=bool), horizon=1, typical=0.1)

    assert recent[100] > 1.0
    assert recent[-3] < 0.05
    assert recent[-1] > recent[-3]


def test_a_jump_out_of_a_gap_is_no_change_that_was_seen() -> None:
    values, missing = np.r_[np.zeros(50), np.full(50, 9.0)], np.zeros(100, dtype=bool)
    missing[40:50] = True

    assert variability(values, missing, horizon=5, typical=0.1).max() <= 0.1
    assert typical_change(values, missing, 5) == LEAST_SCALE


def test_after_an_outage_that_left_nothing_to_measure_the_usual_change_counts() -> None:
    missing = np.ones(100, dtype=bool)

    assert variability(np.zeros(100), missing, horizon=5, typical=0.7) == pytest.approx(
        np.full(100, 0.7)
    )


def test_a_window_is_anchored_at_its_last_value_in_units_of_the_scale() -> None:
    look = seen([10, 20, 30, 40, 50])
    made = windows(look, np.array([3]), context=2, horizon=2)
    inside = np.log1p(np.array([20.0, 30, 40, 50]) / 10)

    assert made.anchor.tolist() == [inside[1]]
    assert made.past[0, :, 0] == pytest.approx((inside[:2] - inside[1]) / made.scale[0])
    assert made.target[0] == pytest.approx((inside[2:] - inside[1]) / made.scale[0])
    assert made.future[0, :, 1].tolist() == [0.5, 1.0]


def test_before_the_beginning_and_in_gaps_the_flag_is_up() -> None:
    made = windows(seen([10, NAN, 30]), np.array([3]), context=5, horizon=2)

    assert made.past[0, :, 2].tolist() == [1, 1, 0, 1, 0]


def test_an_unknown_or_missing_future_is_no_target() -> None:
    made = windows(seen([10, 20, NAN, 40]), np.array([2, 3, 4]), context=2, horizon=2)

    assert np.isnan(made.target).tolist() == [[True, False], [False, True], [True, True]]


def test_the_expected_move_is_measured_from_the_anchor() -> None:
    slots = np.linspace(0.0, 1.43, 144)
    look = view(series([10.0] * 10, step=TEN), Profile(slots, 600.0, 10.0), beyond=2, typical=0.1)
    made = windows(look, np.array([10]), context=2, horizon=2)

    assert made.future[0, :, 0] * made.scale[0] == pytest.approx([0.01, 0.02], rel=1e-4)
    assert made.past[0, :, 1] * made.scale[0] == pytest.approx([-0.01, 0.0], abs=1e-6)


def inputs(look: View, ends: Values) -> list[bytes]:
    made = windows(look, ends.astype(np.int64), context=60, horizon=3)
    return [part.tobytes() for part in (made.past, made.future, made.scale, made.anchor)]


def test_changing_the_future_changes_no_input() -> None:
    look = view(daily(5), FLAT, beyond=3, typical=0.1)
    later = look.carried.copy()
    later[400:] = 99.0

    assert inputs(look, np.arange(300.0, 401.0)) == inputs(
        replace(look, carried=later), np.arange(300.0, 401.0)
    )
    assert inputs(look, np.array([401.0])) != inputs(
        replace(look, carried=later), np.array([401.0])
    )


def test_wild_changes_are_bounded_inputs_but_stay_true_targets() -> None:
    look = seen([1e-6, 1e-6, 1e-6, 1e9, 1e9], typical=0.02)
    made = windows(look, np.array([3]), context=3, horizon=2)

    assert np.abs(made.past).max() <= 10
    assert made.target[0, 0] > 100
