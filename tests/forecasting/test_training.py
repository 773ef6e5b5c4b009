"""A long series → what to learn from and what to stop by, with nothing in both."""

import numpy as np
import pytest

from forecasting.training import Patience, split


def test_what_is_learnt_ends_where_the_stopping_part_begins() -> None:
    parts = split(np.ones(1000, dtype=bool), context=60, horizon=30)

    assert parts.learn.max() + 30 == 850 == parts.stop.min()
    assert (parts.learn.min(), parts.stop.max()) == (60, 970)


def test_a_window_after_which_nobody_would_speak_is_left_out() -> None:
    usable = np.ones(1000, dtype=bool)
    usable[400:500] = False
    parts = split(usable, context=60, horizon=30)

    assert not set(parts.learn.tolist()) & set(range(401, 501))
    assert {400, 501} <= set(parts.learn.tolist())


@pytest.mark.parametrize("length", [0, 1, 5, 30, 31, 32, 40])
def test_a_series_that_is_too_short_gives_few_windows_or_none(length: int) -> None:
    parts = split(np.ones(length, dtype=bool), context=60, horizon=30)

    assert all(0 < end <= length - 30 for end in [*parts.learn.tolist(), *parts.stop.tolist()])


def test_a_sample_is_ordered_without_repeats_and_the_same_for_a_seed() -> None:
    parts = split(np.ones(5000, dtype=bool), context=60, horizon=30)
    first, again, other = (
        parts.sampled(400, np.random.default_rng(seed)).learn.tolist() for seed in (1, 1, 2)
    )

    assert first == again != other
    assert first == sorted(set(first))
    assert len(first) == 400
    assert parts.sampled(400, np.random.default_rng(1)).stop.size == 100


def test_few_windows_are_all_taken() -> None:
    parts = split(np.ones(300, dtype=bool), context=60, horizon=30)

    assert parts.sampled(4000, np.random.default_rng(1)).learn.tolist() == parts.learn.tolist()


def test_patience_ends_after_so_many_epochs_without_progress() -> None:
    patience = Patience(2)
    progress = [patience.better(loss) for loss in (1.0, 0.5, 0.6, 0.7)]

    assert progress == [True, True, False, False]
    assert patience.stop


def test_creeping_progress_is_progress_once_it_adds_up() -> None:
    patience = Patience(3)
    progress = [patience.better(loss) for loss in (1.0, 0.9995, 0.9985)]

    assert progress == [True, False, True]


def test_a_loss_that_is_not_a_number_is_no_progress() -> None:
    patience = Patience(1)

    assert not patience.better(float("nan"))
    assert patience.stop
