"""Values → the path of a small drawing (a sparkline, a panel), as SVG text. Pure.

Drawn by the server, so that it is there without a script and costs the browser nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import floor, isfinite, log10

import numpy as np

from controlplane.dashboard.figures.thin import kept
from forecasting.series import Series

WIDTH, HEIGHT = 600.0, 100.0
MOST_POINTS = 100
FLAT = 1e-12


@dataclass(frozen=True, slots=True)
class Drawing:
    """A line, the area under it, and where they lie: `top` is the value at the upper edge."""

    line: str
    area: str
    top: float
    shown: tuple[tuple[float, float], ...]  # share of the width, value; what the line goes through
    bound: float | None = None  # y of the limit's line


def spark(values: Sequence[float | None], *, width: float = 96, height: float = 22) -> str:
    """A sparkline's path, empty without two values. It fills the height: only shape matters."""
    present = [value for value in values if value is not None]
    if len(present) < 2:
        return ""
    low, high = min(present), max(present)
    room = high - low if high - low > FLAT else 1.0
    middle = 0.5 if high - low <= FLAT else 0.0
    last = max(1, len(values) - 1)
    points = [
        None
        if value is None
        else (width * i / last, (height - 2) * (1 - (value - low) / room - middle) + 1)
        for i, value in enumerate(values)
    ]
    return _path(points)


def drawing(
    series: Series,
    *,
    start: datetime,
    end: datetime,
    bound: float | None = None,
    unit: float | None = 1.0,
) -> Drawing:
    """A series over a span, from zero up to a round number above everything drawn.

    `unit` is what the number is round in (2^30 for bytes); None says that 1 is all there can be.
    """
    index = kept(series.values, MOST_POINTS)
    values = series.values[index]
    length = (end - start).total_seconds()
    shares = (series.times()[index] + series.seconds / 2 - start.timestamp()) / length
    shares = np.clip(shares, 0.0, 1.0)
    drawn = [*values[np.isfinite(values)].tolist(), *([bound] if bound else [])]
    top = ceiling([value / unit for value in drawn]) * unit if unit else max(1.0, *drawn)
    points = [
        (WIDTH * share, HEIGHT * (1 - value / top)) if isfinite(value) else None
        for share, value in zip(shares.tolist(), values.tolist(), strict=True)
    ]
    shown = tuple(
        (round(share, 3), value)
        for share, value in zip(shares.tolist(), values.tolist(), strict=True)
        if isfinite(value)
    )
    limit = None if bound is None else HEIGHT * (1 - bound / top)
    return Drawing(_path(points), _area(points), top, shown, limit)


def ceiling(values: Sequence[float]) -> float:
    """A round number a little above the highest: 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6 or 8 x 10^n."""
    highest = max(values, default=0.0) * 1.05
    if highest <= 0:
        return 1.0
    size = 10.0 ** floor(log10(highest))
    steps = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
    return float(next(step * size for step in steps if step * size >= highest * (1 - 1e-9)))


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    """Moves and lines; a None lifts the pen. A point between two gaps becomes a short dash."""
    return "".join(f"M{_line(run)}{'' if run[1:] else 'h.1'}" for run in _runs(points))


def _area(points: Sequence[tuple[float, float] | None]) -> str:
    """The same runs, closed along the lower edge."""
    floor_ = f"{HEIGHT:.0f}"
    runs = _runs(points)
    return "".join(f"M{run[0][0]:.0f} {floor_} {_line(run)}V{floor_}Z" for run in runs)


def _line(run: Sequence[tuple[float, float]]) -> str:
    """Coordinates one after the other: after a move they mean lines."""
    return " ".join(f"{x:.0f} {y:.1f}" for x, y in run)


def _runs(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]
