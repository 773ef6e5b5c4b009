"""Which signals a workload's page shows, in which order, and what it says about each. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from controlplane.dashboard.figures.events import Cluster
from controlplane.dashboard.figures.paths import Drawing, drawing
from controlplane.dashboard.presenters.quantities import quantity
from forecasting.series import Series

P95 = 0.95
Wanted = tuple[str, float | None]
# User pain first, then what the engine does, what it is used for, what it runs on.
LAYERS: tuple[tuple[str, tuple[Wanted, ...]], ...] = (
    (
        "experience",
        (
            ("experience.ttft", P95),
            ("experience.e2e", P95),
            ("experience.tpot", P95),
            ("experience.itl", P95),
            ("service.request.errors", None),
            ("experience.slo_attainment", None),
        ),
    ),
    (
        "service",
        (
            ("service.requests.waiting", None),
            ("service.requests.running", None),
            ("service.kv_cache.utilization", None),
            ("service.queue.duration", P95),
            ("service.batch.tokens", P95),
            ("service.preemption.rate", None),
            ("service.broker.queue.depth", None),
        ),
    ),
    (
        "business",
        (
            ("business.tokens.output.rate", None),
            ("business.tokens.input.rate", None),
            ("business.users.active", None),
            ("business.sessions.active", None),
            ("business.cost.rate", None),
            ("business.cost.per_million_tokens", None),
        ),
    ),
    (
        "infra",
        (
            ("infra.gpu.utilization", None),
            ("infra.gpu.memory.used", None),
            ("infra.gpu.power", None),
            ("infra.gpu.temperature", None),
            ("infra.cpu.utilization", None),
            ("infra.memory.used", None),
            ("infra.network.rx", None),
            ("infra.network.tx", None),
        ),
    ),
)
# One of each layer that a page is not complete without: missing, it says how to send it.
EXPECTED = {
    "experience": "experience.e2e",
    "service": "service.requests.waiting",
    "business": "business.tokens.output.rate",
    "infra": "infra.gpu.utilization",
}
MOST_OF_A_LAYER = 8
# What the number at a panel's upper edge is round in; a share needs no more than all of it.
SCALES: dict[str, float | None] = {"1": None, "By": 2.0**30, "By/s": 125_000.0}
PER_MILLION: Wanted = ("business.cost.per_million_tokens", None)


@dataclass(frozen=True, slots=True)
class Panel:
    """One small figure. `shares` and `texts` say where its points lie and what they read as."""

    key: str
    signal: str
    quantile: float | None
    unit: str
    drawing: Drawing
    value: float | None
    bound: float | None
    low: float | None
    high: float | None
    trend: str
    shares: str
    texts: str
    stale: bool
    table: tuple[tuple[datetime, float], ...]

    @property
    def over(self) -> bool:
        return self.bound is not None and self.value is not None and self.value > self.bound


def chosen(slo: Wanted | None, extra: Sequence[str]) -> dict[str, tuple[Wanted, ...]]:
    """Layer → signals to ask for: ours, the objective's own quantile, and the owner's business."""
    table = {layer: list(wanted) for layer, wanted in LAYERS}
    if slo is not None:
        layer = slo[0].split(".", 1)[0]
        place = table.setdefault(layer if layer in table else "experience", [])
        place[:] = [slo, *(one for one in place if one[0] != slo[0])]
    known = {signal for wanted in table.values() for signal, _quantile in wanted}
    table["business"] += [(name, None) for name in extra if name not in known]
    return {layer: tuple(wanted) for layer, wanted in table.items()}


@dataclass(frozen=True, slots=True)
class View:
    """How panels are seen: the span, the reader's language, and whether data are stale."""

    start: datetime
    end: datetime
    language: str
    stale: bool


def panels(
    layer: Sequence[Wanted],
    series: Mapping[Wanted, Series],
    units: Mapping[str, str],
    view: View,
    bounds: Mapping[Wanted, float],
) -> list[Panel]:
    """A layer's panels: only signals that have a value in the span."""
    found = [one for one in layer if one in series and not series[one].missing.all()]
    return [
        panel(one, series[one], units[one[0]], view, bounds.get(one))
        for one in found[:MOST_OF_A_LAYER]
    ]


def panel(
    wanted: Wanted, series: Series, unit: str, view: View, bound: float | None = None
) -> Panel:
    """One signal over the span."""
    scale = SCALES.get(unit, 1.0)
    drawn = drawing(series, start=view.start, end=view.end, bound=bound, unit=scale)
    present = series.values[~series.missing]
    return Panel(
        key=f"{wanted[0]}{'' if wanted[1] is None else f'.q{wanted[1] * 100:g}'}".replace(".", "-"),
        signal=wanted[0],
        quantile=wanted[1],
        unit=unit,
        drawing=drawn,
        value=series.last_valid(),
        bound=bound,
        low=float(present.min()) if present.size else None,
        high=float(present.max()) if present.size else None,
        trend=trend(series),
        shares=" ".join(f"{share:g}" for share, _value in drawn.shown),
        texts="|".join(str(quantity(value, unit, view.language)) for _share, value in drawn.shown),
        stale=view.stale,
        table=rows(series, 12),
    )


def marks(
    clusters: Sequence[Cluster], start: datetime, end: datetime
) -> tuple[tuple[float, Cluster], ...]:
    """Where events stand on every panel, as shares of its width: drawn once, used by all."""
    return tuple((((each.at - start) / (end - start)), each) for each in clusters)


def trend(series: Series) -> str:
    """rising, falling or flat: the last tenth against the tenth before, 5 % apart."""
    present = series.values[~series.missing]
    size = max(1, present.size // 10)
    if present.size < 2 * size or present.size < 2:
        return "flat"
    last, before = float(present[-size:].mean()), float(present[-2 * size : -size].mean())
    room = 0.05 * max(abs(before), 1e-12)
    if abs(last - before) <= room:
        return "flat"
    return "rising" if last > before else "falling"


def rows(series: Series, most: int) -> tuple[tuple[datetime, float], ...]:
    """Evenly spaced points for a table, newest first; missing ones are left out."""
    if not len(series):
        return ()
    index = np.unique(np.linspace(0, len(series) - 1, min(most, len(series))).astype(int))
    found = [
        (series.start + int(i) * series.step, float(series.values[i]))
        for i in index
        if not series.missing[i]
    ]
    return tuple(reversed(found))
