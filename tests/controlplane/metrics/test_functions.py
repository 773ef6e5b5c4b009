"""Raw points → rates, quantiles and cells: resets, gaps, first and last buckets, thinning."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlplane.metrics.functions import (
    Points,
    aggregate,
    bucket_quantile,
    gauge_on,
    growth_on,
    increase,
    increases,
    interval_ms,
    rate_on,
    thinned,
)
from controlplane.metrics.sample import STALE_BITS

STALE = float(np.array([STALE_BITS], np.uint64).view(np.float64)[0])
NAN = np.nan
some = settings(max_examples=25, deadline=None)


def points(*pairs: tuple[int, float]) -> Points:
    """(second, value) pairs."""
    times, values = zip(*pairs, strict=True)
    return np.array(times, np.int64) * 1000, np.array(values, np.float64)


def edges(*seconds: int) -> np.ndarray:
    return np.array(seconds, np.int64) * 1000


def same(found: np.ndarray, wanted: list[float]) -> bool:
    return np.allclose(found, wanted, rtol=1e-12, atol=0, equal_nan=True)


@pytest.mark.parametrize(
    ("times", "usual"), [([], None), ([5], None), ([0, 15, 30, 46], 15), ([0, 0], 1)]
)
def test_the_usual_interval_is_the_median_distance(times: list[int], usual: int | None) -> None:
    assert interval_ms(np.array(times, np.int64)) == usual


@pytest.mark.parametrize(
    ("values", "grown"),
    [
        ([1, 4, 9], [3, 5]),
        ([5, 5, 5], [0, 0]),
        ([100, 3, 7], [3, 4]),  # a reset: what it shows now is what it grew by
        ([100, 0, 0], [0, 0]),
        ([2**53, 2**53 + 2], [2]),
    ],
)
def test_a_counter_that_falls_was_reset(values: list[float], grown: list[float]) -> None:  # N05
    assert increases(np.array(values, np.float64)).tolist() == grown


def test_growth_over_all_points_counts_resets_and_steps_over_marks() -> None:
    assert increase(points((0, 10), (1, 12), (2, STALE), (3, 5), (4, 9))) == 2 + 5 + 4


@some
@given(
    st.lists(st.integers(0, 1000), min_size=2, max_size=60),
    st.sets(st.integers(1, 59), max_size=5),
)
def test_resets_lose_nothing_when_a_counter_restarts_from_zero(
    steps: list[int], restarts: set[int]
) -> None:
    shown, total, held = [], 0, 0
    for index, step in enumerate(steps):
        if index in restarts:
            held = 0
        held += step
        total += step if index else 0
        shown.append(float(held))
    times = np.arange(len(shown), dtype=np.int64) * 1000
    # A restart after which it grows past its old value at once cannot be seen by anybody.
    hidden = any(i < len(shown) and shown[i] >= shown[i - 1] for i in restarts)
    if not hidden:
        assert increase((times, np.array(shown))) == total


def test_a_gauge_is_the_mean_max_or_last_of_its_cell() -> None:
    series = points((1, 2), (2, 4), (3, 9), (12, 7))

    assert same(gauge_on(series, edges(0, 10, 20), carry_ms=0), [5, 7])
    assert same(gauge_on(series, edges(0, 10, 20), carry_ms=0, how="max"), [9, 7])
    assert same(gauge_on(series, edges(0, 10, 20), carry_ms=0, how="last"), [9, 7])


def test_a_cell_holds_its_end_and_not_its_beginning() -> None:
    assert same(gauge_on(points((10, 1), (20, 2)), edges(0, 10, 20), carry_ms=0), [1, 2])


def test_an_empty_cell_repeats_what_was_last_for_a_while() -> None:
    series = points((5, 3))

    assert same(gauge_on(series, edges(0, 10, 20, 30, 40), carry_ms=25_000), [3, 3, 3, NAN])


def test_nothing_is_carried_past_the_end_mark_or_from_before_the_first_sample() -> None:
    series = points((15, 3), (18, STALE))

    assert same(gauge_on(series, edges(0, 10, 20, 30), carry_ms=10**9), [NAN, 3, NAN])


def test_infinities_are_no_values() -> None:
    series = points((1, np.inf), (2, 4), (3, -np.inf))

    assert same(gauge_on(series, edges(0, 10, 20), carry_ms=10**9), [4, NAN])


def test_a_series_without_points_is_unknown_everywhere() -> None:
    empty = np.zeros(0, np.int64), np.zeros(0)

    assert same(gauge_on(empty, edges(0, 10, 20), carry_ms=1000), [NAN, NAN])
    assert same(rate_on(empty, edges(0, 10, 20), gap_ms=1000), [NAN, NAN])


def test_a_rate_is_growth_by_the_time_that_samples_account_for() -> None:
    series = points(*[(t, 2.0 * t) for t in range(0, 61, 15)])

    assert same(rate_on(series, edges(0, 30, 60, 90), gap_ms=45_000), [2, 2, NAN])


def test_a_rate_over_a_reset_is_never_negative_and_counts_the_new_growth() -> None:  # N05
    series = points((0, 1000), (10, 1010), (20, 5), (30, 15))

    assert same(rate_on(series, edges(0, 10, 20, 30), gap_ms=45_000), [1, 0.5, 1])


def test_a_gap_accounts_for_nothing() -> None:
    series = points((0, 0), (10, 10), (200, 5000), (210, 5020))
    rates = rate_on(series, edges(0, 10, 100, 200, 210), gap_ms=45_000)

    assert same(rates, [1, NAN, NAN, 2])


def test_the_first_sample_of_a_counter_is_no_growth() -> None:
    growth, seconds = growth_on(points((10, 1_000_000)), edges(0, 10, 20), gap_ms=45_000)

    assert (growth.tolist(), seconds.tolist()) == ([0, 0], [0, 0])


def test_growth_is_shared_out_between_the_cells_it_spans() -> None:
    growth, _ = growth_on(points((0, 0), (30, 30)), edges(0, 5, 10, 30), gap_ms=45_000)

    assert growth.tolist() == [5, 5, 20]


def test_a_window_looks_back_further_than_its_cell() -> None:
    series = points((0, 0), (10, 0), (20, 60), (30, 60))
    growth, seconds = growth_on(series, edges(20, 30), gap_ms=45_000, window_ms=30_000)

    assert (growth.tolist(), seconds.tolist()) == ([60], [30])


@some
@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(0, 50)), min_size=2, max_size=40),
    st.integers(1, 37),
)
def test_however_time_is_cut_the_whole_growth_is_kept(
    steps: list[tuple[int, int]], width: int
) -> None:
    times = np.cumsum([0, *(wait for wait, _ in steps)]).astype(np.int64) * 1000
    values = np.cumsum([0.0, *(grown for _, grown in steps)])
    cut = np.arange(0, int(times[-1]) + 1000 * width, 1000 * width, dtype=np.int64)
    growth, _ = growth_on((times, values), cut, gap_ms=10**9)

    assert float(growth.sum()) == pytest.approx(values[-1])


def test_replicas_are_put_together_from_what_is_known() -> None:
    rows = [np.array([1.0, NAN, 4.0]), np.array([3.0, NAN, NAN])]

    assert same(aggregate(rows, "sum", 3), [4, NAN, 4])
    assert same(aggregate(rows, "mean", 3), [2, NAN, 4])
    assert same(aggregate(rows, "max", 3), [3, NAN, 4])
    assert same(aggregate([], "sum", 2), [NAN, NAN])


def quantile(q: float, counts: list[float], *, upper: tuple[float, ...] = (1, 2, 4)) -> float:
    found = bucket_quantile(q, np.array([*upper, np.inf]), np.array(counts, np.float64)[:, None])
    return float(found[0])


@pytest.mark.parametrize(
    ("q", "counts", "wanted"),
    [
        (0.5, [10, 10, 10, 10], 0.5),  # the first bucket begins at zero
        (0.5, [0, 10, 10, 10], 1.5),
        (0.9, [0, 10, 10, 10], 1.9),
        (1.0, [0, 10, 10, 10], 2.0),
        (0.5, [2, 6, 8, 8], 1.5),
        (0.99, [0, 0, 0, 10], 4.0),  # beyond the last edge: at least that
        (0.5, [5, 5, 5, 10], 1.0),
        (0.51, [5, 5, 5, 10], 4.0),
        (0.0, [0, 10, 10, 10], 0.0),
    ],
)
def test_quantiles_lie_evenly_within_their_bucket(
    q: float, counts: list[float], wanted: float
) -> None:
    assert quantile(q, counts) == pytest.approx(wanted)


def test_a_first_bucket_that_ends_at_zero_or_below_is_its_edge() -> None:
    assert quantile(0.5, [10, 10, 10, 10], upper=(0, 2, 4)) == 0
    assert quantile(0.5, [10, 10, 10, 10], upper=(-1, 2, 4)) == -1


def test_buckets_that_were_read_while_counting_are_put_in_order() -> None:
    assert quantile(0.5, [0, 10, 9, 10]) == pytest.approx(1.5)


def test_an_empty_histogram_and_one_without_inf_have_no_quantile() -> None:
    counts = np.array([[1.0], [2.0]])

    assert np.isnan(quantile(0.5, [0, 0, 0, 0]))
    assert np.isnan(bucket_quantile(0.5, np.array([1.0, 2.0]), counts)).all()
    assert np.isnan(bucket_quantile(0.5, np.array([np.inf]), counts[:1])).all()


@some
@given(
    st.lists(st.integers(0, 100), min_size=4, max_size=4).filter(lambda c: sum(c) > 0),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_quantiles_rise_with_the_share_asked_for_and_stay_within_the_edges(
    filled: list[int], one: float, other: float
) -> None:
    counts = np.cumsum(filled).astype(np.float64).tolist()
    low, high = quantile(min(one, other), counts), quantile(max(one, other), counts)

    assert 0 <= low <= high + 1e-12
    assert high <= 4


@some
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400),
    st.integers(1, 60),
)
def test_thinning_keeps_the_peaks_the_order_and_the_limit(values: list[float], most: int) -> None:
    times = np.arange(len(values), dtype=np.int64) * 7
    kept_times, kept = thinned((times, np.array(values)), most)

    assert len(kept) <= max(2, most)
    assert (np.diff(kept_times) > 0).all()
    assert kept.max() == max(values)
    assert kept.min() == min(values)


def test_what_is_few_enough_is_not_thinned_and_marks_are_left_out() -> None:
    times, values = thinned(points((1, 1), (2, STALE), (3, np.inf), (4, 4)), 5)

    assert (times.tolist(), values.tolist()) == ([1000, 4000], [1, 4])
