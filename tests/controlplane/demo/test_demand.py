"""The generator against the published facts that it names, and against itself."""

from datetime import UTC, datetime

import numpy as np
import pytest

from controlplane.demo.demand import Bursts, Generated, Shape
from controlplane.demo.lengths import LogNormal, phi
from controlplane.demo.noise import Floats, drift, normal, uniform
from controlplane.demo.plans import SEED
from controlplane.demo.profiles import CHAT, CHAT_SHAPE, EMBED_SHAPE, RERANK_SHAPE

MONDAY = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
WEEKS = 8
MINUTES = np.asarray(MONDAY + 60.0 * np.arange(WEEKS * 7 * 1440), np.float64)


@pytest.fixture(scope="module")
def chat() -> Floats:
    """Requests per second of the chat, minute by minute over eight weeks."""
    return CHAT_SHAPE.rate(SEED, MINUTES)


def by_hour(rates: Floats) -> Floats:
    """Mean of each hour of the week, shape (168,)."""
    hours = rates.reshape(WEEKS, 168, 60)
    return np.asarray(hours.mean(axis=(0, 2)))


def residuals(rates: Floats) -> Floats:
    """Log distance of each minute from the median of the two hours around it."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(rates, 60, mode="edge"), 121)
    return np.asarray(np.log(rates) - np.log(np.median(windows, axis=1)))


def test_day_and_night_differ_as_much_as_azure_and_sageserve_report(chat: Floats) -> None:
    weekday = by_hour(chat)[:120].reshape(5, 24).mean(axis=0)

    assert 1.7 <= weekday.max() / weekday.min() <= 3.1
    assert 12 <= int(weekday.argmax()) <= 16
    assert 2 <= int(weekday.argmin()) <= 5


def test_a_weekend_day_carries_little_more_than_half_of_a_weekday(chat: Floats) -> None:
    days = by_hour(chat).reshape(7, 24).mean(axis=1)

    assert 0.5 <= days[5:].mean() / days[:5].mean() <= 0.75


def test_neighbouring_minutes_resemble_each_other_less_the_further_apart(chat: Floats) -> None:
    noise = residuals(chat)
    near, later, far = (np.corrcoef(noise[:-lag], noise[lag:])[0, 1] for lag in (1, 5, 20))

    assert near > later > far
    assert near > 0.6
    assert far < 0.4


def test_bursts_of_five_minutes_and_more_come_as_often_as_sageserve_reports(chat: Floats) -> None:
    high = residuals(chat) > np.log(1.25)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], high.astype(int), [0]))))
    lengths = edges[1::2] - edges[::2]
    per_day = (lengths >= 5).sum() / (7 * WEEKS)

    assert 0.24 <= per_day <= 5.5


def test_counts_vary_more_than_poisson_by_the_dispersion() -> None:
    steady = Shape(salt=9, mean=40.0, dispersion=2.5)
    counts = Generated(steady, 1, LogNormal(100, 0.5)).lot(MONDAY, step=5.0, count=50_000).requests

    assert counts.mean() == pytest.approx(200, rel=0.01)
    assert counts.var() / counts.mean() == pytest.approx(2.5, rel=0.05)
    assert (counts == np.rint(counts)).all()


def test_few_requests_are_counted_without_going_below_zero() -> None:
    quiet = Shape(salt=9, mean=2.0, dispersion=1.5)
    counts = Generated(quiet, 1, LogNormal(100, 0.5)).lot(MONDAY, step=5.0, count=50_000).requests

    assert counts.min() >= 0
    assert counts.mean() == pytest.approx(10.0, rel=0.02)
    assert counts.var() / counts.mean() == pytest.approx(1.5, rel=0.05)


def test_steps_of_any_length_agree_in_the_mean() -> None:
    source = Generated(CHAT_SHAPE, SEED, CHAT.prompts or LogNormal(1, 1))
    coarse = source.lot(MONDAY, step=60.0, count=1440).requests.sum()
    fine = source.lot(MONDAY, step=5.0, count=12 * 1440).requests.sum()

    assert fine == pytest.approx(coarse, rel=0.01)


def test_the_mean_rate_is_that_of_the_shape_without_its_bursts() -> None:
    calm = Shape(salt=1, mean=36.0, hours=CHAT_SHAPE.hours, weekend=0.65)

    assert calm.rate(SEED, MINUTES).mean() == pytest.approx(36.0, rel=0.005)


def test_embedding_is_flat_by_the_hour_and_has_batch_jobs_on_top() -> None:
    rates = EMBED_SHAPE.rate(SEED, MINUTES)
    weekday = np.median(rates.reshape(WEEKS * 7, 24, 60), axis=(0, 2))
    above = (rates > 1.3 * np.median(rates)).mean()

    assert weekday.max() / weekday.min() < 1.25
    assert 0.03 < above < 0.25


def test_reranking_follows_the_chat(chat: Floats) -> None:
    rerank = RERANK_SHAPE.rate(SEED, MINUTES)

    assert np.corrcoef(np.log(rerank), np.log(chat))[0, 1] > 0.9


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    source = Generated(CHAT_SHAPE, 5, LogNormal(1020, 0.97), LogNormal(129, 0.8))
    again = Generated(CHAT_SHAPE, 5, LogNormal(1020, 0.97), LogNormal(129, 0.8))
    other = Generated(CHAT_SHAPE, 6, LogNormal(1020, 0.97), LogNormal(129, 0.8))
    lots = [one.lot(MONDAY, step=5.0, count=500) for one in (source, again, other)]

    assert (lots[0].requests == lots[1].requests).all()
    assert (lots[0].output_tokens == lots[1].output_tokens).all()
    assert (lots[0].requests != lots[2].requests).any()
    assert (CHAT_SHAPE.rate(5, MINUTES[:60]) != CHAT_SHAPE.rate(6, MINUTES[:60])).all()


def test_a_moment_has_one_rate_whatever_else_is_asked_for() -> None:
    whole = CHAT_SHAPE.rate(SEED, MINUTES[:3000])
    part = CHAT_SHAPE.rate(SEED, MINUTES[1700:1710])

    assert (whole[1700:1710] == part).all()


def test_bursts_come_as_often_as_they_are_said_to() -> None:
    bursty = Shape(salt=4, mean=10.0, bursts=(Bursts(6.0, 1.0, 1.0, size_sigma=0.0),))
    excess = bursty.rate(3, MINUTES) / 10 - 1
    rising = np.flatnonzero((excess[1:] > 0.3) & (excess[:-1] <= 0.3)).size

    assert rising / (7 * WEEKS) == pytest.approx(6.0, rel=0.15)


def test_a_plateau_keeps_its_height_and_ends() -> None:
    jobs = Bursts(8.0, 0.5, 30.0, onset=60.0, form="plateau", size_sigma=0.0, minutes_sigma=0.0)
    excess = Shape(salt=4, mean=10.0, bursts=(jobs,)).rate(3, MINUTES) / 10 - 1
    alone = excess[(excess > 0) & (excess < 0.75)]

    assert np.median(alone) == pytest.approx(0.5)
    assert (excess == 0).mean() > 0.7


def test_prompts_have_the_published_median_and_mean() -> None:
    prompts = CHAT.prompts
    assert prompts is not None

    assert prompts.median == 1020  # Splitwise
    assert prompts.mean == pytest.approx(1631, rel=0.02)  # Azure 2024
    assert prompts.below(np.array([0.0, 1020.0, 1e9])) == pytest.approx([0.0, 0.5, 1.0], abs=1e-6)


def test_mean_lengths_scatter_as_the_mean_of_so_many_draws_does() -> None:
    lengths = LogNormal(129, 0.8)
    means = lengths.means(np.full(20_000, 400.0), normal(1, 1, np.arange(20_000)))

    assert means.mean() == pytest.approx(lengths.mean, rel=0.005)
    assert means.std() == pytest.approx(lengths.mean * lengths.variation / 20, rel=0.05)


def test_the_normal_distribution_function_is_right_to_six_digits() -> None:
    values = phi(np.array([-40.0, -1.959964, 0.0, 1.0, 1.644854, 40.0]))

    assert values == pytest.approx([0.0, 0.025, 0.5, 0.8413447, 0.95, 1.0], abs=1e-6)


def test_noise_is_uniform_and_normal_and_layers_are_unrelated() -> None:
    index = np.arange(100_000)
    flat, bell = uniform(1, 2, index), normal(1, 2, index)
    other = uniform(1, 3, index)

    assert np.histogram(flat, 10, (0, 1))[0] == pytest.approx(np.full(10, 10_000), rel=0.05)
    assert (bell.mean(), bell.std()) == pytest.approx((0.0, 1.0), abs=0.02)
    assert abs(np.corrcoef(flat, other)[0, 1]) < 0.02
    assert abs(np.corrcoef(flat[1:], flat[:-1])[0, 1]) < 0.02


def test_drift_keeps_its_variance_and_forgets_within_a_period() -> None:
    times = np.asarray(10.0 * np.arange(200_000), np.float64)
    wander = drift(1, 2, times, period=600.0)

    assert wander.std() == pytest.approx(1.0, rel=0.05)
    assert np.corrcoef(wander[:-6], wander[6:])[0, 1] > 0.9
    assert abs(np.corrcoef(wander[:-120], wander[120:])[0, 1]) < 0.05
