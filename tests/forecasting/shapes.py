"""A few words → a made-up history of demand with that shape."""

from datetime import UTC, datetime, timedelta

import numpy as np

from forecasting.series import Series, Values

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TEN = timedelta(minutes=10)


def series(values: Values | list[float], *, step: timedelta = MINUTE) -> Series:
    """These values from Monday midnight on."""
    return Series(MONDAY, step, np.array(values, dtype=np.float64))


def wave(days: float, *, step: timedelta = TEN, level: float = 100.0) -> Values:
    """A pure daily wave between half and one and a half of the level."""
    at = np.arange(round(timedelta(days=days) / step)) * (step / timedelta(days=1))
    return np.asarray(level * (1 + 0.5 * np.sin(2 * np.pi * at)), dtype=np.float64)


def daily(days: float, *, step: timedelta = TEN, noise: float = 0.1, seed: int = 7) -> Series:
    """The wave with multiplicative noise: a usual service."""
    clean = wave(days, step=step)
    factor = np.exp(np.random.default_rng(seed).normal(0.0, noise, clean.size))
    return series(clean * factor, step=step)


def with_gaps(whole: Series, *gaps: tuple[int, int]) -> Series:
    """The same series with [first, last) missing."""
    values = whole.values.copy()
    for first, last in gaps:
        values[first:last] = np.nan
    return Series(whole.start, whole.step, values)
