"""Many points → few that keep every peak and every gap. Pure numpy."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Index = NDArray[np.int64]


def kept(values: Values, most: int) -> Index:
    """Indices of at most `most` points: the least and the greatest of each stretch, and gaps.

    A stretch without any value keeps its first point, so that a line breaks where data did.
    """
    if values.size <= most:
        return np.arange(values.size, dtype=np.int64)
    length = -(-values.size // max(1, most // 2))
    padded = np.full(-(-values.size // length) * length, np.nan)
    padded[: values.size] = values
    stretches = padded.reshape(-1, length)
    starts = np.arange(stretches.shape[0]) * length
    low = np.where(np.isnan(stretches), np.inf, stretches).argmin(axis=1)
    high = np.where(np.isnan(stretches), -np.inf, stretches).argmax(axis=1)
    return np.unique(np.concatenate((starts + low, starts + high))).astype(np.int64)


def plain(values: Values, figures: int = 5) -> list[float | None]:
    """JSON-able: None for missing, rounded to `figures` significant digits."""
    return [None if np.isnan(value) else float(f"{value:.{figures}g}") for value in values.tolist()]
