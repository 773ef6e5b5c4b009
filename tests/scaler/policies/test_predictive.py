"""Replicas that are ready when demand comes, and stay while it may."""

from datetime import timedelta
from typing import Any

import pytest

from scaler.capacity.queueing import busiest
from scaler.capacity.sizing import MOST
from scaler.engine.settings import PredictiveParams
from scaler.engine.snapshot import Capacity, Snapshot
from scaler.policies import recommend
from scaler.policies.predictive import quantile
from scaler.policies.recommendation import Recommendation, Silence, Voice
from tests.scaler.looks import DEMAND, NOON, ago, forecast, look, seen

HALF = PredictiveParams(utilization=0.5)  # of 12/s: a replica carries 6/s
LEAD = timedelta(minutes=5)


def ahead(*demand: float, **changes: Any) -> Snapshot:
    """Demand of 30/s now (five replicas) and this forecast, a minute each."""
    plain: dict[str, Any] = {"seen": (seen(DEMAND, 30.0),)}
    if demand:
        plain["forecast"] = forecast(*demand)
    return look(HALF, **{**plain, **changes})


def wish_for(snapshot: Snapshot, params: PredictiveParams = HALF) -> Recommendation:
    wish = recommend(params, snapshot)
    assert isinstance(wish, Recommendation)
    return wish


@pytest.mark.parametrize(
    ("demand", "desired", "reason"),
    [
        pytest.param([30] * 30, 5, "predictive.now", id="level: what demand takes now"),
        pytest.param([6] * 30, 5, "predictive.now", id="a fall ahead lowers nothing"),
        pytest.param([0] * 30, 5, "predictive.now", id="a forecast of nothing lowers nothing"),
        pytest.param([30] * 6 + [90] * 24, 15, "predictive.order", id="a rise at the ready time"),
        pytest.param([30] * 7 + [90] * 23, 5, "predictive.now", id="a rise after the ready time"),
        pytest.param(
            [30, 30, 54, 30, 30, 30, 30], 9, "predictive.keep", id="a peak before the ready time"
        ),
        pytest.param(
            [30, 30, 600, 30, 30, 30, 30],
            10,
            "predictive.keep",
            id="a peak before the ready time keeps, and orders nothing",
        ),
        pytest.param([90] * 30, 15, "predictive.order", id="a rise already"),
    ],
)
def test_the_order_is_for_the_time_it_serves_and_the_rest_is_kept(
    demand: list[float], desired: int, reason: str
) -> None:
    wish = wish_for(ahead(*demand))

    assert (wish.desired, wish.reason, wish.voice) == (desired, reason, Voice.ASK)


@pytest.mark.parametrize(
    ("snapshot", "desired", "reason"),
    [
        pytest.param(
            ahead(30, 30, 90), 15, "predictive.order", id="shorter than the lead time: its last"
        ),
        pytest.param(
            ahead(
                *[30] * 25,
                *[90] * 35,
                capacity=Capacity(per_replica=12, lead_time=timedelta(hours=1)),
            ),
            15,
            "predictive.order",
            id="a lead time beyond the horizon: as far as the horizon",
        ),
        pytest.param(
            ahead(forecast=forecast(*[90] * 10, origin=ago(minutes=9))),
            15,
            "predictive.order",
            id="only its last minute is left",
        ),
        pytest.param(
            ahead(forecast=forecast(*[90] * 10, origin=ago(minutes=10))),
            5,
            "predictive.alone",
            id="its time is over",
        ),
        pytest.param(
            ahead(forecast=forecast(*[90] * 10, origin=NOON + timedelta(hours=1))),
            5,
            "predictive.alone",
            id="it begins after the ready time",
        ),
        pytest.param(ahead(), 5, "predictive.alone", id="there is none"),
    ],
)
def test_a_forecast_is_used_as_far_as_it_reaches(
    snapshot: Snapshot, desired: int, reason: str
) -> None:
    wish = wish_for(snapshot)

    assert (wish.desired, wish.reason) == (desired, reason)


@pytest.mark.parametrize(
    ("peak", "desired", "reason"),
    [
        pytest.param(30.0, 15, "predictive.order", id="three times the peak is believed"),
        pytest.param(29.9, 5, "predictive.refused", id="more is not"),
        pytest.param(None, 15, "predictive.order", id="no peak on record: believed"),
    ],
)
def test_a_forecast_far_above_all_that_was_seen_is_refused(
    peak: float | None, desired: int, reason: str
) -> None:
    wish = wish_for(ahead(*[90] * 30, peak=peak))

    assert (wish.desired, wish.reason, wish.voice) == (desired, reason, Voice.ASK)


def test_a_refused_forecast_is_quoted() -> None:
    wish = wish_for(ahead(*[1e12] * 30, peak=40.0))

    assert dict(wish.facts) == {
        "demand": 30.0,
        "carried": 6.0,
        "unit": "{request}/s",
        "at": "2026-03-02T12:06:00+00:00",
        "model": "lstm",
        "ahead": 1e12,
        "peak": 40.0,
    }


def test_without_a_look_at_demand_the_forecast_is_only_a_floor() -> None:
    wish = wish_for(ahead(*[90] * 30, seen=(seen(DEMAND, 30.0, received_at=ago(minutes=9)),)))

    assert (wish.desired, wish.reason, wish.voice) == (15, "predictive.unseen", Voice.FLOOR)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"forecast": None}, id="no forecast"),
        pytest.param({"forecast": forecast(*[1e12] * 9), "peak": 9.0}, id="a refused forecast"),
    ],
)
def test_without_demand_and_without_a_forecast_there_is_no_opinion(changes: dict[str, Any]) -> None:
    silence = recommend(HALF, ahead(seen=(), **changes))

    assert silence == Silence("predictive", "signal.absent", (("signal", DEMAND),))


def test_a_forecast_alone_names_no_unit_when_demand_was_never_seen() -> None:
    wish = wish_for(ahead(*[90] * 30, seen=()))

    assert dict(wish.facts)["unit"] == ""


@pytest.mark.parametrize("per_replica", [None, 0.0, -3.0, float("nan"), float("inf")], ids=str)
def test_without_a_usable_capacity_there_is_no_opinion(per_replica: float | None) -> None:
    silence = recommend(HALF, ahead(*[90] * 30, capacity=Capacity(per_replica)))

    assert silence == Silence("predictive", "capacity.unknown")


def test_a_utilization_of_zero_is_no_capacity() -> None:
    silence = recommend(PredictiveParams(utilization=0.0), ahead(*[90] * 30))

    assert silence == Silence("predictive", "capacity.unknown")


def test_without_an_slo_a_replica_is_planned_at_seventy_per_cent() -> None:
    wish = wish_for(ahead(), PredictiveParams())

    assert dict(wish.facts)["carried"] == pytest.approx(8.4)


def test_with_an_slo_a_replica_is_as_busy_as_the_slo_allows_at_that_size() -> None:
    params = PredictiveParams(slo_target=timedelta(milliseconds=200))
    capacity = Capacity(per_replica=12, slots=1)

    wish = wish_for(ahead(capacity=capacity), params)

    assert wish.desired == 4
    assert dict(wish.facts)["carried"] == 12 * busiest(4, 0.1, 0.2)


def test_the_present_size_does_not_change_what_demand_takes() -> None:
    """Two replicas once asked for three, and three for two, for ever."""
    params = PredictiveParams(slo_target=timedelta(milliseconds=200))
    capacity = Capacity(per_replica=12, slots=1)
    sizes = {
        wish_for(ahead(seen=(seen(DEMAND, 13.0),), capacity=capacity, ready=ready), params).desired
        for ready in range(6)
    }

    assert sizes == {3}


@pytest.mark.parametrize("demand", [1e300, 1.7e308])
def test_an_absurd_demand_is_an_absurd_wish_and_no_accident(demand: float) -> None:
    params = PredictiveParams(slo_target=timedelta(milliseconds=200))

    wish = wish_for(ahead(seen=(seen(DEMAND, demand),)), params)

    assert wish.desired == MOST


@pytest.mark.parametrize(
    ("params", "level"),
    [
        pytest.param(PredictiveParams(), 0.98, id="auto stops where data end"),
        pytest.param(PredictiveParams(objective=0.95), 0.95, id="auto follows the objective"),
        pytest.param(
            PredictiveParams(objective=0.0), 0.5, id="auto never plans for less than half"
        ),
        pytest.param(PredictiveParams(quantile=0.99), 0.99, id="given"),
    ],
)
def test_the_quantile_follows_the_objective_unless_it_is_given(
    params: PredictiveParams, level: float
) -> None:
    assert quantile(params) == level


def test_the_spread_of_the_forecast_counts_and_not_its_middle() -> None:
    wish = wish_for(ahead(forecast=forecast(*[30] * 30, spread=30)))

    assert wish.desired == 10
    assert dict(wish.facts)["quantile_ratio"] == 0.98
