"""Replicas ready, wanted, needed and allowed → steps over time, with the lane of events. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from controlplane.dashboard.figures.axes import Figure, Trace, Window, Words, layout, vertical
from controlplane.dashboard.figures.events import SYMBOLS, Cluster, EventKind
from controlplane.dashboard.figures.palette import Palette
from controlplane.dashboard.figures.thin import Values, plain
from forecasting.series import Series

FEW = 6
LANE = 0.13  # the share of the height that the events' lane takes


@dataclass(frozen=True, slots=True)
class Planned:
    """Replicas that the forecast will need, one a step."""

    start: datetime
    step: timedelta
    replicas: Values


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the chart shows; a series that is None has no line."""

    ready: Series
    desired: tuple[tuple[datetime, int], ...]  # steps: from that instant on
    needed: Series | None
    planned: Planned | None
    minimum: int
    maximum: int
    now: datetime


def capacity_figure(
    capacity: Capacity,
    clusters: Sequence[Cluster],
    *,
    window: Window,
    palette: Palette,
    words: Words,
) -> Figure:
    """Ready and desired as steps; the owner's bounds; glyphs on the lane below."""
    traces = [*_bounds(capacity, window, palette, words)]
    if capacity.needed is not None:
        traces.append(_needed(capacity.needed, window, palette, words))
    if capacity.planned is not None:
        traces.append(_planned(capacity.planned, window, palette, words))
    traces.append(_desired(capacity, window, palette, words))
    traces.append(_ready(capacity, window, palette, words))
    shape = layout(palette, window, y_title=words["unit"])
    shape["yaxis"] |= {"domain": [LANE, 1], "tickformat": ",d"}
    shape["yaxis2"] = {"domain": [0, LANE - 0.02], "range": [0, 1], "visible": False}
    shape["yaxis2"]["fixedrange"] = True
    shape["xaxis"]["anchor"] = "y2"  # its numbers stand below the lane
    if clusters:
        traces.append(_lane(clusters, window, palette))
        shape["shapes"] += [_mark(each, window, palette) for each in clusters]
    if window.start <= capacity.now <= window.end:
        shape["shapes"].append(vertical(palette, window.x(capacity.now), colour=palette.text))
    top = _top(capacity)
    shape["yaxis"]["range"] = [0, top]
    if top < FEW:
        shape["yaxis"] |= {"tick0": 0, "dtick": 1}  # a replica has no half
    return {"data": traces, "layout": shape}


def _top(capacity: Capacity) -> float:
    """A little above what is drawn. A maximum far above it would flatten everything else."""
    seen = [1.0, float(capacity.minimum), *(float(size) for _at, size in capacity.desired)]
    lines = (capacity.ready, capacity.needed)
    seen += [float(np.nanmax(one.values)) for one in lines if one and not one.missing.all()]
    if capacity.planned is not None:
        seen.append(float(capacity.planned.replicas.max()))
    highest = max(seen)
    wanted = capacity.maximum if capacity.maximum <= 1.6 * highest else highest
    return wanted * 1.12


def event_colour(kind: EventKind, palette: Palette) -> str:
    """One colour a kind, beside its shape."""
    return {
        EventKind.UP: palette.series[1],
        EventKind.DOWN: palette.series[2],
        EventKind.BLOCKED: palette.warn,
        EventKind.MANUAL: palette.info,
        EventKind.FAILED: palette.crit,
    }[kind]


def _ready(capacity: Capacity, window: Window, palette: Palette, words: Words) -> Trace:
    return _series(capacity.ready, window) | {
        "name": words["ready"],
        "line": {"width": 2, "color": palette.series[0], "shape": "hv"},
    }


def _needed(needed: Series, window: Window, palette: Palette, words: Words) -> Trace:
    return _series(needed, window) | {
        "name": words["needed"],
        "line": {"width": 1, "dash": "dot", "color": palette.muted, "shape": "hv"},
    }


def _series(series: Series, window: Window) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "x0": window.x(series.start),
        "dx": round(series.seconds * 1000),
        "y": plain(series.values),
        "connectgaps": False,
        "hovertemplate": "%{y:,d}",
    }


def _desired(capacity: Capacity, window: Window, palette: Palette, words: Words) -> Trace:
    """On the grid of what is ready, so that both can be read at one moment."""
    line = {"width": 1.75, "dash": "5px,3px", "color": palette.series[1], "shape": "hv"}
    return _series(wanted_on(capacity.ready, capacity.desired), window) | {
        "name": words["desired"],
        "line": line,
    }


def wanted_on(grid: Series, steps: Sequence[tuple[datetime, int]]) -> Series:
    """What was wanted at the end of each interval; missing before the first decision."""
    if not steps:
        return Series(grid.start, grid.step, np.full(len(grid), np.nan))
    since = np.array([at.timestamp() for at, _size in steps])
    sizes = np.array([np.nan, *(float(size) for _at, size in steps)])
    ends = grid.times() + grid.seconds
    return Series(grid.start, grid.step, sizes[np.searchsorted(since, ends, side="left")])


def _planned(planned: Planned, window: Window, palette: Palette, words: Words) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": words["planned"],
        "x0": window.x(planned.start),
        "dx": round(planned.step.total_seconds() * 1000),
        "y": plain(planned.replicas),
        "line": {"width": 1.5, "dash": "dash", "color": palette.forecast, "shape": "hv"},
        "hovertemplate": "%{y:,d}",
    }


def _bounds(capacity: Capacity, window: Window, palette: Palette, words: Words) -> list[Trace]:
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": words[name],
            "x": [window.x(window.start), window.x(window.end)],
            "y": [size, size],
            "line": {"width": 1, "dash": "dashdot", "color": palette.muted},
            "hoverinfo": "skip",
        }
        for name, size in (("min", capacity.minimum), ("max", capacity.maximum))
    ]


def _lane(clusters: Sequence[Cluster], window: Window, palette: Palette) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers+text",
        "name": "",
        "x": [window.x(each.at) for each in clusters],
        "y": [0.3] * len(clusters),
        "yaxis": "y2",
        "marker": {
            "symbol": [SYMBOLS[each.kind] for each in clusters],
            "size": 9,
            "color": [event_colour(each.kind, palette) for each in clusters],
        },
        "text": [each.label for each in clusters],
        "textposition": "top center",
        "textfont": {"size": 10, "color": palette.muted},
        "customdata": [each.href for each in clusters],
        "hovertext": [each.text for each in clusters],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _mark(each: Cluster, window: Window, palette: Palette) -> Trace:
    return vertical(
        palette, window.x(each.at), dash="1px,3px", colour=event_colour(each.kind, palette)
    )
