"""Demand that came and demand that is forecast → a fan with a now line. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from controlplane.dashboard.figures.axes import (
    Figure,
    Layout,
    Trace,
    Window,
    Words,
    layout,
    note,
    vertical,
)
from controlplane.dashboard.figures.palette import Palette, faded
from controlplane.dashboard.figures.thin import Values, plain
from forecasting.forecast import Forecast
from forecasting.series import Series

NARROW = (0.25, 0.75)
WIDEST = ((0.025, 0.975), (0.05, 0.95), (0.1, 0.9))


@dataclass(frozen=True, slots=True)
class Demand:
    """What the chart shows. `lead` is how long an order takes to be ready; None hides it."""

    actual: Series
    forecast: Forecast | None
    now: datetime
    lead: timedelta | None
    earlier: Series | None = None  # what older forecasts said about the past
    stale: bool = False


def demand_figure(demand: Demand, *, window: Window, palette: Palette, words: Words) -> Figure:
    """Traces: bands, median, earlier forecasts, actual; the now line and the lead time."""
    traces: list[Trace] = []
    if demand.forecast is not None:
        traces += _fan(demand.forecast, window, palette, words)
    if demand.earlier is not None and not demand.earlier.missing.all():
        traces.append(_earlier(demand.earlier, window, palette, words))
    traces.append(_actual(demand, window, palette, words))
    shape = layout(palette, window, y_title=words["unit"])
    if window.start <= demand.now <= window.end:
        _now_line(shape, demand, window, palette, words)
    return {"data": traces, "layout": shape}


def outer_band(forecast: Forecast) -> tuple[float, float]:
    """The widest symmetric band that was really forecast: nothing is extrapolated."""
    for low, high in WIDEST:
        if low in forecast.quantiles and high in forecast.quantiles:
            return low, high
    return NARROW


def percent(band: tuple[float, float]) -> int:
    """A band's share in percent."""
    return round((band[1] - band[0]) * 100)


def _actual(demand: Demand, window: Window, palette: Palette, words: Words) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": words["actual"],
        "x0": window.x(demand.actual.start),
        "dx": round(demand.actual.seconds * 1000),
        "y": plain(demand.actual.values),
        "connectgaps": False,
        "line": {"width": 1.75, "color": palette.muted if demand.stale else palette.series[0]},
        "hovertemplate": "%{y:,.4~g}",
    }


def _fan(forecast: Forecast, window: Window, palette: Palette, words: Words) -> list[Trace]:
    outer = outer_band(forecast)
    traces = _band(forecast, outer, window, palette, opacity=0.15)
    if outer != NARROW:
        traces += _band(forecast, NARROW, window, palette, opacity=0.22)
    median = _line(forecast, forecast.path(0.5).values, window)
    median |= {
        "name": words["median"],
        "line": {"width": 1.75, "dash": "dash", "color": palette.forecast},
        "hovertemplate": "%{y:,.4~g} (%{customdata})",
        "customdata": _ranges(forecast, outer),
    }
    return [*traces, median]


def _ranges(forecast: Forecast, band: tuple[float, float]) -> list[str]:
    low, high = (forecast.path(level).values for level in band)
    return [f"{a:,.4g}–{b:,.4g}" for a, b in zip(low.tolist(), high.tolist(), strict=True)]


def _band(
    forecast: Forecast,
    band: tuple[float, float],
    window: Window,
    palette: Palette,
    *,
    opacity: float,
) -> list[Trace]:
    """Two invisible lines with the space between them filled."""
    hidden = {"line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    low, high = (_line(forecast, forecast.path(level).values, window) | hidden for level in band)
    return [low, high | {"fill": "tonexty", "fillcolor": faded(palette.forecast, opacity)}]


def _line(forecast: Forecast, values: Values, window: Window) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "x0": window.x(forecast.origin),
        "dx": round(forecast.step.total_seconds() * 1000),
        "y": plain(values),
    }


def _earlier(earlier: Series, window: Window, palette: Palette, words: Words) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": words["earlier"],
        "x0": window.x(earlier.start),
        "dx": round(earlier.seconds * 1000),
        "y": plain(earlier.values, 4),
        "line": {"width": 1, "dash": "dot", "color": palette.forecast},
        "hovertemplate": "%{y:,.4~g}",
    }


def _now_line(
    shape: Layout, demand: Demand, window: Window, palette: Palette, words: Words
) -> None:
    """Where the past ends, and the bracket of the lead time that begins there."""
    now = window.x(demand.now)
    shape["shapes"].append(vertical(palette, now, dash="solid", colour=palette.text))
    shape["annotations"].append(
        note(words["now"], x=now, y=0.97, colour=palette.text, anchor="right")
    )
    if demand.lead is None or not demand.lead:
        return
    ready = window.x(min(demand.now + demand.lead, window.end))
    for start, end, low, high in (
        (now, ready, 0.07, 0.07),
        (now, now, 0.04, 0.10),
        (ready, ready, 0.04, 0.10),
    ):
        line = {"width": 1.25, "color": palette.text}
        shape["shapes"].append(
            {"type": "line", "xref": "x", "yref": "paper", "line": line}
            | {"x0": start, "x1": end, "y0": low, "y1": high}
        )
    shape["annotations"].append(
        note(words["lead"] + " ", x=now, y=0.07, colour=palette.text, anchor="right")
    )
