"""Rows say what is known, sort and filter by the address, and add up in the tiles."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from controlplane.common.errors import InvalidInput
from controlplane.dashboard.presenters import overview
from controlplane.dashboard.presenters.ledger import Money
from controlplane.dashboard.presenters.overview import Row, Seen, Wanted, Wish, arranged, wanted

SPEC = {"replicas": {"min": 2}, "slo": {"signal": "experience.ttft", "quantile": 0.9}}


def seen(name: str = "chat", **changes: Any) -> Seen:
    usual: dict[str, Any] = {
        "name": name, "mode": "auto", "paused": False, "pinned_until": None, "spec": SPEC,
        "status": None, "wish": None, "last": None, "median": (), "saved": None,
    }  # fmt: skip
    return Seen(**usual | changes)


def status(at: datetime, health: str = "ok", **figures: Any) -> dict[str, Any]:
    return {
        "at": at, "health": health, "ready": 4, "pending": 2, "desired": 6, "figures": figures,
    }  # fmt: skip


def money(saved: str | None, name: str = "", currency: str = "USD") -> Money:
    base = None if saved is None else Decimal(100)
    cost = None if saved is None else Decimal(100) - Decimal(saved)
    return Money(name, currency, cost or Decimal(7), cost, base, Decimal(1), 1.0)


def row(name: str, noon: datetime, **changes: Any) -> Row:
    return overview.row(seen(name, **changes), now=noon)


def test_a_workload_that_nobody_looked_at_waits_and_shows_no_number(noon: datetime) -> None:
    found = row("chat", noon)

    assert found.health == "waiting"
    assert (found.now, found.desired, found.latency, found.queue, found.cost) == (None,) * 5


def test_bounds_come_from_the_document_with_its_defaults(noon: datetime) -> None:
    found = row("chat", noon)

    assert (found.minimum, found.maximum) == (2, 10)
    assert (found.slo_signal, found.quantile) == ("experience.ttft", 0.9)


@pytest.mark.parametrize(
    ("stored", "age", "changes", "health"),
    [
        ("ok", 5, {}, "ok"),
        ("risk", 5, {}, "risk"),
        ("ok", 91, {}, "stale"),
        ("risk", 91, {}, "stale"),
        ("off", 9999, {}, "off"),
        ("ok", 5, {"paused": True}, "paused"),
        ("risk", 5, {"paused": True}, "risk"),
        ("waiting", 5, {}, "waiting"),
    ],
)
def test_health_is_what_was_stored_unless_it_is_old_or_a_person_paused(
    stored: str, age: int, changes: dict[str, Any], health: str, noon: datetime
) -> None:
    at = noon - timedelta(seconds=age)

    assert row("chat", noon, status=status(at, stored), **changes).health == health


def test_a_workload_whose_mode_is_off_does_not_wait_for_a_look(noon: datetime) -> None:
    assert row("chat", noon, mode="off").health == "off"


@pytest.mark.parametrize(
    ("desired", "hope", "binding", "held"),
    [
        (8, 10, "bounds", True),
        (9, 10, "rate", True),
        (8, 6, "stabilization", False),
        (8, 9, "tolerance", False),
        (8, 8, "override", True),
        (8, 8, "freshness", True),
        (8, 8, "", False),
    ],
)
def test_held_means_that_somebody_gets_less_than_they_want(
    desired: int, hope: int, binding: str, held: bool, noon: datetime
) -> None:
    assert Wish("dec_1", noon, 8, desired, hope, binding).held is held


def test_what_is_unknown_comes_last_in_both_directions(noon: datetime) -> None:
    rows = [
        row("a", noon, status=status(noon, queue=5)),
        row("b", noon),
        row("c", noon, status=status(noon, queue=9)),
    ]

    orders = [
        [each.name for each in arranged(rows, Wanted("queue", falling))]
        for falling in (True, False)
    ]

    assert orders == [["c", "a", "b"], ["a", "c", "b"]]


def test_latency_is_sorted_by_how_much_of_its_objective_it_takes(noon: datetime) -> None:
    rows = [
        row("slow", noon, status=status(noon, latency_s=9.0, slo_s=15.0)),
        row("late", noon, status=status(noon, latency_s=0.3, slo_s=0.2)),
    ]

    assert [each.name for each in arranged(rows, Wanted("latency", True))] == ["late", "slow"]


@pytest.mark.parametrize("sort", overview.SORTS)
def test_every_column_can_be_sorted_whatever_is_missing(sort: str, noon: datetime) -> None:
    rows = [
        row("a", noon),
        row("b", noon, status=status(noon, latency_s=1.0, slo_s=2.0, queue=1, utilization=0.5,
                                     forecast_change=0.1, cost_per_hour="2", currency="USD"),
            saved=money("3"), last=overview.Last("dec_1", noon, 1, "")),
    ]  # fmt: skip

    assert len(arranged(rows, Wanted(sort, True))) == 2


def test_filters_are_read_from_the_address(noon: datetime) -> None:
    rows = [row("chat", noon, status=status(noon, "risk")), row("embed", noon)]
    asked = wanted({"health": "risk", "q": " CH "})

    assert [each.name for each in arranged(rows, asked)] == ["chat"]


def test_an_unknown_health_filters_nothing() -> None:
    assert wanted({"health": "'; DROP"}).health == ""


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(InvalidInput) as refusal:
        wanted({"sort": "password"})

    assert refusal.value.code == "sort.unknown"


def test_numbers_fall_first_and_names_rise_first() -> None:
    assert (wanted({"sort": "queue"}).falling, wanted({"sort": "name"}).falling) == (True, False)


def test_the_same_column_again_turns_the_table_around() -> None:
    assert "dir=asc" in overview.query(Wanted("queue", falling=True), "queue")
    assert "dir=desc" in overview.query(Wanted("name"), "queue")


def test_tiles_add_up_what_is_known_and_never_mix_currencies(noon: datetime) -> None:
    later = (noon + timedelta(minutes=9)).isoformat()
    sooner = (noon + timedelta(minutes=4)).isoformat()
    rows = [
        row("a", noon, status=status(noon, cost_per_hour="1.50", currency="USD",
                                     next_change={"at": later, "replicas": 3}), saved=money("10")),
        row("b", noon, status=status(noon, "risk", cost_per_hour="2.00", currency="CNY",
                                     next_change={"at": sooner, "replicas": 2}),
            saved=money("-4", currency="CNY")),
        row("c", noon),
    ]  # fmt: skip

    found = overview.fleet(rows)

    assert (found.workloads, found.healthy, found.risky, found.silent) == (3, 1, 1, 1)
    assert (found.ready, found.desired) == (8, 12)
    assert found.costs == ((Decimal("2.00"), "CNY"), (Decimal("1.50"), "USD"))
    assert [(each.currency, each.saved) for each in found.saved] == [
        ("CNY", Decimal(-4)),
        ("USD", Decimal(10)),
    ]
    assert (found.next_name, found.next_replicas) == ("b", 2)


def test_a_fleet_without_any_read_shows_no_zero(noon: datetime) -> None:
    found = overview.fleet([row("a", noon)])

    assert (found.ready, found.desired, found.costs) == (None, None, ())
