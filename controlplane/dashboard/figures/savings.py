"""Cost and baseline per day → areas over days. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from controlplane.dashboard.figures.axes import FONT, Figure, Words
from controlplane.dashboard.figures.palette import Palette, faded


@dataclass(frozen=True, slots=True)
class Day:
    """One day's money; `baseline` is None where none was declared."""

    day: date
    cost: Decimal
    baseline: Decimal | None


def savings_figure(
    days: Sequence[Day], *, period: tuple[date, date], palette: Palette, words: Words
) -> Figure:
    """What was paid as bars, the baseline as an outline beside them, over the whole period."""
    dates = [each.day.isoformat() for each in days]
    bars: list[dict[str, Any]] = [
        {
            "type": "bar",
            "name": words["paid"],
            "x": dates,
            "y": [float(each.cost) for each in days],
            "marker": {"color": palette.series[0]},
            "hovertemplate": f"%{{y:,.2f}} {words['currency']}",
        },
        {
            "type": "bar",
            "name": words["baseline"],
            "x": dates,
            "y": [None if each.baseline is None else float(each.baseline) for each in days],
            "marker": {
                "color": faded(palette.muted, 0.18),
                "line": {"color": palette.muted, "width": 1},
            },
            "hovertemplate": f"%{{y:,.2f}} {words['currency']}",
        },
    ]
    shape = _layout(palette, words)
    half = timedelta(hours=12)
    edges = (datetime.combine(day, time()) for day in period)
    shape["xaxis"]["range"] = [
        (edge + way).isoformat() for edge, way in zip(edges, (-half, half), strict=True)
    ]
    return {"data": bars, "layout": shape}


def _layout(palette: Palette, words: Words) -> dict[str, Any]:
    line = {"gridcolor": palette.hairline, "zerolinecolor": palette.hairline}
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 60, "r": 16, "t": 10, "b": 34},
        "font": {"family": FONT, "size": 12, "color": palette.muted},
        "barmode": "group",
        "bargap": 0.35,
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": palette.ground,
            "bordercolor": palette.hairline,
            "font": {"color": palette.text, "size": 12},
        },
        "showlegend": False,
        "xaxis": {"type": "date", "tickformat": "%m-%d", **line, "showgrid": False},
        "yaxis": {
            "rangemode": "tozero",
            "title": {"text": words["currency"], "font": {"size": 11}},
            "nticks": 5,
            "tickformat": ",",
            **line,
        },
    }
