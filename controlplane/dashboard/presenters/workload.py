"""One workload's state → what its page says at the top and beside its charts. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from controlplane.dashboard.figures.axes import Window
from controlplane.dashboard.presenters.signals import rows, trend
from controlplane.dashboard.ranges import Span
from forecasting.forecast import Forecast
from forecasting.series import Series

AHEAD = timedelta(minutes=30)
LONG = timedelta(hours=26)  # a longer past makes half an hour of future invisible


@dataclass(frozen=True, slots=True)
class Summary:
    """What a chart says, for somebody who does not see it. None where nothing was measured."""

    low: float | None
    high: float | None
    last: float | None
    trend: str


def summary(series: Series) -> Summary:
    """Lowest, highest, last value and direction."""
    present = series.values[~series.missing]
    if not present.size:
        return Summary(None, None, None, "flat")
    return Summary(float(present.min()), float(present.max()), float(present[-1]), trend(series))


def window(span: Span, *, now: datetime, offset: timedelta) -> Window:
    """The charts' x axis: the span, and as much of the future as its length leaves room for."""
    room = min(AHEAD, span.length / 2)
    ahead = room if span.live and span.length <= LONG else timedelta(0)
    return Window(span.start, (now + ahead) if span.live else span.end, offset)


@dataclass(frozen=True, slots=True)
class DemandRow:
    """One line of the demand chart's table: what came, or what is forecast."""

    at: datetime
    value: float | None
    median: float | None = None
    low: float | None = None
    high: float | None = None


def demand_rows(
    demand: Series, forecast: Forecast | None, band: tuple[float, float], most: int = 40
) -> tuple[DemandRow, ...]:
    """The future first, then the past, newest first."""
    past = tuple(DemandRow(at, value) for at, value in rows(demand, most))
    if forecast is None:
        return past
    paths = [forecast.path(level).values for level in (0.5, *band)]
    every = max(1, forecast.horizon // 10)
    future = [
        DemandRow(forecast.origin + i * forecast.step, None, *(float(path[i]) for path in paths))
        for i in range(forecast.horizon - 1, -1, -every)
    ]
    return (*future, *past)


@dataclass(frozen=True, slots=True)
class CapacityRow:
    """One line of the capacity chart's table."""

    at: datetime
    ready: float | None
    desired: int | None
    needed: float | None


def capacity_rows(
    ready: Series,
    desired: Sequence[tuple[datetime, int]],
    needed: Series | None,
    most: int = 40,
) -> tuple[CapacityRow, ...]:
    """Newest first; desired is what was in force at that instant."""
    if not len(ready):
        return ()
    index = np.unique(np.linspace(0, len(ready) - 1, min(most, len(ready))).astype(int))
    found = []
    for i in reversed(index.tolist()):
        at = ready.start + i * ready.step
        before = [size for since, size in desired if since <= at + ready.step]
        found.append(
            CapacityRow(
                at,
                _value(ready, i),
                before[-1] if before else None,
                _value(needed, i) if needed is not None and len(needed) == len(ready) else None,
            )
        )
    return tuple(found)


def _value(series: Series, i: int) -> float | None:
    return None if series.missing[i] else float(series.values[i])


@dataclass(frozen=True, slots=True)
class Scores:
    """How the serving model did on history it never saw; None where it was not scored."""

    coverage: float | None
    error: float | None


def champion_scores(name: str, scores: Mapping[str, Any]) -> Scores:
    """The serving model's own among the scores of everything that was tried."""
    own = scores.get(name) or {}
    return Scores(own.get("coverage_95"), own.get("median_error"))


def ready_in(next_at: datetime | None, now: datetime) -> timedelta | None:
    """How long until the next replica serves; zero when it is due already."""
    return None if next_at is None else max(timedelta(0), next_at - now)
