"""Forecasts and what came → scores, checked by hand and against what they are meant to find."""

import json
import math

import numpy as np
import pytest

from forecasting.accuracy import Scores, coverage, pinball, weighted_quantile_loss

NAN = float("nan")


def test_being_too_low_costs_the_quantile_and_being_too_high_the_rest() -> None:
    actual, predicted = np.array([10.0, 10.0, 10.0]), np.array([6.0, 14.0, 10.0])

    assert pinball(actual, predicted, 0.9).tolist() == pytest.approx([3.6, 0.4, 0.0])


def test_the_true_quantile_has_the_smallest_loss() -> None:
    drawn = np.random.default_rng(1).exponential(10, 20_000)
    guesses = np.linspace(5, 60, 111)
    losses = [pinball(drawn, np.full_like(drawn, guess), 0.9).mean() for guess in guesses]

    assert guesses[int(np.argmin(losses))] == pytest.approx(-10 * math.log(0.1), abs=0.6)


def test_the_weighted_loss_is_the_mean_over_quantiles_per_unit_of_demand() -> None:
    actual = np.array([10.0, 30.0])
    predicted = np.array([[8.0, 12.0], [30.0, 20.0]])

    # median: 2 * 0.5 * 2 = 2; 0.9: 2 * (0.1 * 2 + 0.9 * 10) = 18.4; mean 10.2 over 40
    assert weighted_quantile_loss(actual, predicted, (0.5, 0.9)) == pytest.approx(10.2 / 40)


def test_what_is_missing_is_not_scored() -> None:
    actual = np.array([10.0, NAN, 30.0])
    predicted = np.array([[8.0, 12.0], [1e9, 1e9], [30.0, 20.0]])

    assert weighted_quantile_loss(actual, predicted, (0.5, 0.9)) == pytest.approx(10.2 / 40)
    assert coverage(actual, predicted[:, 0]) == 0.5


def test_without_anything_that_came_there_is_no_score() -> None:
    nothing = np.array([NAN, NAN])

    assert math.isnan(weighted_quantile_loss(nothing, np.ones((2, 1)), (0.5,)))
    assert math.isnan(coverage(nothing, np.ones(2)))


def test_where_only_zeros_came_a_smaller_promise_still_ranks_first() -> None:
    zeros = np.zeros(3)
    losses = [
        weighted_quantile_loss(zeros, np.full((3, 1), promise), (0.5,)) for promise in (0, 1, 2)
    ]

    assert losses == sorted(losses)
    assert losses[0] == 0.0
    assert all(math.isfinite(loss) for loss in losses)


def test_a_value_on_the_quantile_is_covered() -> None:
    assert coverage(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 1.0, 3.0, 9.0])) == 0.75


def test_scores_are_written_down_as_plain_rounded_numbers() -> None:
    plain = Scores(0.123456789, 0.951234567, 0.1, 12).plain()

    assert plain == {
        "wql": 0.12346, "coverage_95": 0.95123, "median_error": 0.1, "origins": 12
    }  # fmt: skip
    assert json.loads(json.dumps(plain)) == plain
