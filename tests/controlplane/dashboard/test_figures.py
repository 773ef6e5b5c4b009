"""Figures are plain dicts that Plotly accepts, and say what happened."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from controlplane.dashboard.figures.axes import Window, tick_format
from controlplane.dashboard.figures.capacity import (
    Capacity,
    Planned,
    capacity_figure,
    wanted_on,
)
from controlplane.dashboard.figures.demand import Demand, demand_figure, outer_band, percent
from controlplane.dashboard.figures.events import Cluster, EventKind
from controlplane.dashboard.figures.palette import DARK, LIGHT, Palette
from controlplane.dashboard.figures.savings import Day, savings_figure
from forecasting.forecast import QUANTILES, Forecast
from forecasting.series import Series

MINUTE = timedelta(minutes=1)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOW = START + timedelta(hours=3)
WINDOW = Window(START, NOW + timedelta(minutes=30), timedelta(hours=8))
WORDS = {
    name: name
    for name in ("actual", "median", "earlier", "now", "unit", "lead", "ready", "desired",
                 "needed", "planned", "min", "max", "paid", "baseline", "currency")
}  # fmt: skip


def series(values: list[float]) -> Series:
    return Series(START, MINUTE, np.array(values))


def forecast(quantiles: tuple[float, ...] = QUANTILES) -> Forecast:
    values = np.array([[10 + 10 * q for q in quantiles]] * 30)
    return Forecast(NOW, MINUTE, quantiles, values, "seasonal-naive")


def demand(**changes: Any) -> Demand:
    usual: dict[str, Any] = {
        "actual": series([1.0, float("nan"), 3.0]),
        "forecast": forecast(),
        "now": NOW,
        "lead": timedelta(minutes=5),
        "earlier": series([float("nan"), 2.0, 2.0]),
    }
    return Demand(**usual | changes)


def capacity(**changes: Any) -> Capacity:
    usual: dict[str, Any] = {
        "ready": series([4.0, 4.0, 5.0]),
        "desired": ((START, 4), (START + MINUTE, 6)),
        "needed": series([3.0, 5.0, 5.0]),
        "planned": Planned(NOW, MINUTE, np.array([6.0, 7.0])),
        "minimum": 1,
        "maximum": 40,
        "now": NOW,
    }
    return Capacity(**usual | changes)


CLUSTERS = (
    Cluster(EventKind.UP, START + MINUTE, "+2 → 6", "/decisions/dec_1", 1),
    Cluster(EventKind.FAILED, START + 2 * MINUTE, "failed", "", 3),
)
DAYS = (
    Day(date(2026, 3, 1), Decimal("10.50"), Decimal("20")),
    Day(date(2026, 3, 2), Decimal(5), None),
)
PERIOD = (date(2026, 2, 24), date(2026, 3, 2))


def drawn(palette: Palette) -> dict[str, dict[str, Any]]:
    look: dict[str, Any] = {"window": WINDOW, "palette": palette, "words": WORDS}
    return {
        "demand": demand_figure(demand(), **look),
        "demand without a forecast": demand_figure(demand(forecast=None, earlier=None), **look),
        "demand of nothing": demand_figure(demand(actual=series([])), **look),
        "capacity": capacity_figure(capacity(), CLUSTERS, **look),
        "capacity of nothing": capacity_figure(
            capacity(ready=series([]), desired=(), needed=None, planned=None), (), **look
        ),
        "savings": savings_figure(DAYS, period=PERIOD, palette=palette, words=WORDS),
    }


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda each: each.name)
@pytest.mark.parametrize("name", drawn(LIGHT))
def test_plotly_accepts_every_figure_and_json_can_hold_it(name: str, palette: Palette) -> None:
    figure = drawn(palette)[name]

    go.Figure(figure)
    assert json.loads(json.dumps(figure, allow_nan=False)) == figure


def traces(figure: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {trace["name"]: trace for trace in figure["data"] if trace.get("name")}


def test_a_missing_value_breaks_the_line() -> None:
    actual = traces(demand_figure(demand(), window=WINDOW, palette=LIGHT, words=WORDS))["actual"]

    assert actual["y"] == [1.0, None, 3.0]
    assert actual["connectgaps"] is False


def test_times_are_the_readers_wall_clock_as_text() -> None:
    actual = traces(demand_figure(demand(), window=WINDOW, palette=LIGHT, words=WORDS))["actual"]

    assert (actual["x0"], actual["dx"]) == ("2026-03-02T17:00:00", 60_000)


def test_the_now_line_and_the_lead_time_are_drawn_from_now() -> None:
    shapes = demand_figure(demand(), window=WINDOW, palette=LIGHT, words=WORDS)["layout"]["shapes"]
    spans = {(shape["x0"], shape["x1"]) for shape in shapes}

    assert ("2026-03-02T20:00:00", "2026-03-02T20:00:00") in spans
    assert ("2026-03-02T20:00:00", "2026-03-02T20:05:00") in spans


def test_a_past_range_has_no_now_line() -> None:
    past = Window(START - timedelta(days=1), START, timedelta(0))

    assert (
        demand_figure(demand(), window=past, palette=LIGHT, words=WORDS)["layout"]["shapes"] == []
    )


def test_no_band_is_drawn_that_was_not_forecast() -> None:
    bands = [
        outer_band(forecast(levels))
        for levels in ((0.025, 0.25, 0.5, 0.75, 0.975), QUANTILES, (0.25, 0.5, 0.75))
    ]

    assert [percent(band) for band in bands] == [95, 90, 50]


def test_stale_demand_is_grey() -> None:
    figure = demand_figure(demand(stale=True), window=WINDOW, palette=LIGHT, words=WORDS)

    assert traces(figure)["actual"]["line"]["color"] == LIGHT.muted


def test_the_forecast_is_dashed_and_its_band_faint() -> None:
    figure = demand_figure(demand(), window=WINDOW, palette=DARK, words=WORDS)
    fills = [trace["fillcolor"] for trace in figure["data"] if "fillcolor" in trace]

    assert traces(figure)["median"]["line"]["dash"] == "dash"
    assert fills[0] == "rgba(194,151,255,0.15)"


def test_wanted_replicas_are_what_was_decided_by_the_end_of_each_interval() -> None:
    grid = series([0.0, 0.0, 0.0, 0.0])
    steps = ((START + timedelta(seconds=90), 6), (START + timedelta(seconds=200), 4))

    wanted = wanted_on(grid, steps).values

    assert np.isnan(wanted[0])
    assert wanted[1:].tolist() == [6.0, 6.0, 4.0]


def test_a_maximum_far_away_does_not_flatten_the_chart() -> None:
    figure = capacity_figure(
        capacity(maximum=1000), CLUSTERS, window=WINDOW, palette=LIGHT, words=WORDS
    )

    assert figure["layout"]["yaxis"]["range"][1] < 10


def test_events_stand_on_the_lane_with_shape_count_and_address() -> None:
    figure = capacity_figure(capacity(), CLUSTERS, window=WINDOW, palette=LIGHT, words=WORDS)
    lane = figure["data"][-1]

    assert lane["marker"]["symbol"] == ["triangle-up", "x"]
    assert lane["text"] == ["", "+3"]
    assert lane["customdata"] == ["/decisions/dec_1", ""]
    assert lane["yaxis"] == "y2"


def test_capacity_and_demand_share_their_edges() -> None:
    layouts = [drawn(LIGHT)[name]["layout"] for name in ("demand", "capacity")]

    assert layouts[0]["margin"] == layouts[1]["margin"]
    assert layouts[0]["xaxis"]["range"] == layouts[1]["xaxis"]["range"]


def test_savings_cover_the_whole_period_and_a_missing_baseline_is_no_bar() -> None:
    figure = savings_figure(DAYS, period=PERIOD, palette=LIGHT, words=WORDS)

    assert figure["layout"]["xaxis"]["range"] == ["2026-02-23T12:00:00", "2026-03-02T12:00:00"]
    assert figure["data"][1]["y"] == [20.0, None]


@pytest.mark.parametrize(
    ("offset", "name"),
    [(0, "UTC"), (480, "UTC+8"), (-210, "UTC−3:30"), (345, "UTC+5:45")],
)
def test_an_axis_names_its_clock(offset: int, name: str) -> None:
    assert Window(START, NOW, timedelta(minutes=offset)).zone == name


def test_a_longer_axis_shows_dates_in_digits() -> None:
    formats = [tick_format(timedelta(hours=h)) for h in (3, 72, 300)]

    assert formats == ["%H:%M", "%m-%d %H:%M", "%m-%d"]
