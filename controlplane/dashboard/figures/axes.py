"""A palette and a span → the layout every time chart shares, so that they line up. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from controlplane.dashboard.figures.palette import Palette

MARGIN = {"l": 54, "r": 16, "t": 10, "b": 26}
FONT = (
    '"Inter", "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Noto Sans CJK SC", "PingFang SC",'
    ' "Microsoft YaHei", Arial, sans-serif'
)
Layout = dict[str, Any]
Trace = dict[str, Any]
Figure = dict[str, Any]
Words = Mapping[str, str]  # what a legend or a hover says, in the reader's language


@dataclass(frozen=True, slots=True)
class Window:
    """What the x axis shows. Plotly knows no zones: it is given wall-clock time of one offset."""

    start: datetime
    end: datetime
    offset: timedelta

    def x(self, moment: datetime) -> str:
        """Wall-clock time as text: a number would be read in the browser's own zone."""
        wall = moment.astimezone(UTC).replace(tzinfo=None) + self.offset
        return wall.isoformat(timespec="milliseconds" if wall.microsecond else "seconds")

    @property
    def zone(self) -> str:
        """UTC, UTC+8 or UTC−3:30."""
        minutes = round(self.offset.total_seconds() / 60)
        if not minutes:
            return "UTC"
        hours, rest = divmod(abs(minutes), 60)
        return f"UTC{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02}" if rest else "")


def layout(palette: Palette, window: Window, *, y_title: str) -> Layout:
    """Counts, money and utilization start at zero, so every y axis here does."""
    line = {"gridcolor": palette.hairline, "zerolinecolor": palette.hairline, "zeroline": True}
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": dict(MARGIN),
        "font": {"family": FONT, "size": 12, "color": palette.muted},
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": palette.ground,
            "bordercolor": palette.hairline,
            "font": {"color": palette.text, "size": 12},
        },
        "dragmode": "zoom",
        "showlegend": False,
        "uirevision": "kept",
        "xaxis": {
            "type": "date",
            "range": [window.x(window.start), window.x(window.end)],
            "tickformat": tick_format(window.end - window.start),
            "hoverformat": "%m-%d %H:%M:%S",
            "showspikes": True,
            "spikemode": "across",
            "spikesnap": "hovered data",
            "spikethickness": 1,
            "spikedash": "solid",
            "spikecolor": palette.muted,
            "fixedrange": False,
            **line,
            "showgrid": False,
        },
        "yaxis": {
            "rangemode": "tozero",
            "title": {"text": y_title, "standoff": 6, "font": {"size": 11}},
            "fixedrange": True,
            "nticks": 5,
            **line,
        },
        "meta": {"offset": round(window.offset.total_seconds() * 1000)},
        "shapes": [],
        "annotations": [_zone(palette, window)],
    }


def tick_format(length: timedelta) -> str:
    """Numbers only, so that an axis needs no language."""
    if length <= timedelta(hours=36):
        return "%H:%M"
    return "%m-%d %H:%M" if length <= timedelta(days=5) else "%m-%d"


def _zone(palette: Palette, window: Window) -> Trace:
    """Which clock the axis shows, in its left corner."""
    return {
        "text": window.zone,
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": 0,
        "xanchor": "right",
        "yanchor": "top",
        "xshift": -8,
        "yshift": -4,
        "showarrow": False,
        "font": {"size": 11, "color": palette.muted},
    }


def vertical(palette: Palette, x: str, *, dash: str = "solid", colour: str = "") -> Trace:
    """A thin line over the whole height."""
    return {
        "type": "line",
        "xref": "x",
        "yref": "paper",
        "x0": x,
        "x1": x,
        "y0": 0,
        "y1": 1,
        "layer": "below",
        "line": {"width": 1, "dash": dash, "color": colour or palette.muted},
    }


def note(text: str, *, x: str, y: float, colour: str, anchor: str = "left") -> Trace:
    """A direct label in the plot, `y` as a share of its height."""
    return {
        "text": text,
        "xref": "x",
        "yref": "paper",
        "x": x,
        "y": y,
        "xanchor": anchor,
        "yanchor": "middle",
        "showarrow": False,
        "font": {"size": 11, "color": colour},
    }
