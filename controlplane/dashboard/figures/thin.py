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
    stretches = max(1, most // 2)
    edges = np.linspace(0, values.size, stretches + 1).astype(np.int64)
    keep: set[int] = set()
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = values[start:end]
        if np.isnan(part).all():
            keep.add(start)
        else:
            keep.update((start + int(np.nanargmin(part)), start + int(np.nanargmax(part))))
    return np.array(sorted(keep), dtype=np.int64)


def plain(values: Values, figures: int = 5) -> list[float | None]:
    """JSON-able: None for missing, rounded to `figures` significant digits."""
    return [None if np.isnan(value) else float(f"{value:.{figures}g}") for value in values.tolist()]
