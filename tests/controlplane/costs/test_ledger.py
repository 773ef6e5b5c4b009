"""Observed replicas × price, hour by hour: exact, honest about gaps, the same however often run."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from controlplane.accounts.models import Team
from controlplane.common.models import Heartbeat
from controlplane.costs.ledger import roll_up, roll_up_all
from controlplane.costs.models import CostEntry
from controlplane.decisions.pools import size_labels
from controlplane.metrics.ingest import Run, backfill
from controlplane.workloads import services
from controlplane.workloads.models import Pool, Workload
from controlplane.workloads.parse import validate
from tests.factories import chat_document, make_workload

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def chat(team_a: Team, noon: datetime) -> Workload:
    """$2.50 a replica-hour, held against twenty replicas that never change."""
    return make_workload(team_a, now=noon - 48 * HOUR)


def observed(pool: Pool, size: float, minutes: Iterable[datetime]) -> None:
    """The pool had this size in these minutes."""
    stamps = np.array([round(at.timestamp() * 1000) for at in minutes], np.int64)
    labels = size_labels(pool.workload, pool)
    run = Run("infra.replicas.current", labels, stamps, np.full(stamps.size, float(size)))
    backfill(pool.workload.team_id, [run], now=pool.workload.created_at)


def minutes(start: datetime, count: int) -> list[datetime]:
    return [start + number * MINUTE for number in range(count)]


def entry(hour: datetime) -> CostEntry:
    return CostEntry.objects.get(hour=hour)


def test_a_whole_hour_costs_replicas_times_price(chat: Workload, noon: datetime) -> None:
    observed(chat.pools.get(), 4, minutes(noon, 60))
    roll_up(chat, since=noon, now=noon + HOUR)

    found = entry(noon)
    assert (found.replica_hours, found.cost) == (Decimal(4), Decimal(10))
    assert (found.currency, found.covered) == ("USD", 1.0)


def test_the_baseline_runs_as_long_as_replicas_were_observed(
    chat: Workload, noon: datetime
) -> None:
    observed(chat.pools.get(), 4, minutes(noon, 60))
    roll_up(chat, since=noon, now=noon + HOUR)

    found = entry(noon)
    assert (found.baseline_replica_hours, found.baseline_cost) == (Decimal(20), Decimal(50))
    assert found.saved == Decimal(40)


def test_each_hour_has_its_own_entry_at_its_boundary(chat: Workload, noon: datetime) -> None:
    observed(chat.pools.get(), 4, minutes(noon, 60))
    observed(chat.pools.get(), 6, minutes(noon + HOUR, 60))
    written = roll_up(chat, since=noon, now=noon + 2 * HOUR)

    assert written == 2
    assert [entry(noon).cost, entry(noon + HOUR).cost] == [Decimal(10), Decimal(15)]


def test_a_long_gap_is_neither_a_cost_nor_a_saving(chat: Workload, noon: datetime) -> None:
    observed(chat.pools.get(), 4, minutes(noon, 20))
    observed(chat.pools.get(), 4, minutes(noon + 50 * MINUTE, 10))
    roll_up(chat, since=noon, now=noon + HOUR)

    found = entry(noon)
    carried = 2 + 5  # a sample stands for three intervals, the size then for five minutes more
    counted = Decimal(20 + carried + 10) / 60
    assert found.covered == pytest.approx(float(counted))
    assert found.cost == (counted * 10).quantize(Decimal("0.000001"))
    assert found.baseline_cost == (counted * 50).quantize(Decimal("0.000001"))


def test_an_hour_without_any_observation_has_no_entry(chat: Workload, noon: datetime) -> None:
    observed(chat.pools.get(), 4, minutes(noon, 60))
    written = roll_up(chat, since=noon - 3 * HOUR, now=noon + HOUR)

    assert written == 1
    assert CostEntry.objects.get().hour == noon


def test_the_running_hour_grows_minute_by_minute(chat: Workload, noon: datetime) -> None:
    observed(chat.pools.get(), 6, minutes(noon, 60))
    costs = []
    for passed in (10, 30, 60):
        roll_up(chat, since=noon, now=noon + passed * MINUTE + timedelta(seconds=20))
        costs.append(entry(noon).cost)

    assert costs == [Decimal("2.5"), Decimal("7.5"), Decimal(15)]


def test_running_it_again_changes_nothing(chat: Workload, noon: datetime) -> None:
    observed(chat.pools.get(), 7, minutes(noon - 20 * MINUTE, 100))
    runs = []
    for since in (noon - HOUR, noon, noon - HOUR):
        roll_up(chat, since=since, now=noon + HOUR)
        runs.append(list(CostEntry.objects.order_by("hour").values()))

    assert runs[0] == runs[1] == runs[2]


def test_late_samples_correct_the_hour_before(chat: Workload, noon: datetime) -> None:
    observed(chat.pools.get(), 4, minutes(noon, 30))
    roll_up_all(now=noon + HOUR)
    observed(chat.pools.get(), 4, minutes(noon + 30 * MINUTE, 60))
    roll_up_all(now=noon + HOUR + 30 * MINUTE)

    assert entry(noon).cost == Decimal(10)
    assert entry(noon).covered == 1.0


def test_decimals_are_exact_to_the_millionth(chat: Workload, noon: datetime) -> None:
    chat.pools.update(price=Decimal("0.1"))
    observed(chat.pools.get(), 1, minutes(noon, 60))
    roll_up(chat, since=noon, now=noon + 7 * MINUTE)

    assert entry(noon).cost == Decimal("0.011667")  # 7/60 of a tenth
    assert entry(noon).replica_hours == Decimal("0.116667")


def test_scaling_that_cost_more_than_the_baseline_is_a_negative_saving(
    chat: Workload, noon: datetime
) -> None:
    observed(chat.pools.get(), 30, minutes(noon, 60))
    roll_up(chat, since=noon, now=noon + HOUR)

    assert entry(noon).saved == Decimal(-25)


def test_without_a_declared_baseline_nothing_is_said_about_savings(
    team_a: Team, noon: datetime
) -> None:
    row = make_workload(team_a, now=noon, baseline=None)
    observed(row.pools.get(), 4, minutes(noon, 60))
    roll_up(row, since=noon, now=noon + HOUR)

    found = entry(noon)
    assert (found.baseline_cost, found.baseline_replica_hours, found.saved) == (None, None, None)
    assert found.cost == Decimal(10)


def with_burst(chat: Workload, *, now: datetime, price: str | None = "4.00") -> Workload:
    document = chat_document()
    burst: dict[str, Any] = {"name": "burst", "target": {"kind": "simulated", "name": "burst"}}
    if price is not None:
        burst["price"] = {"amount": price, "currency": "USD"}
    document["spec"]["pools"].append(burst)
    return services.save_document(chat.team, validate(document), actor="t", now=now).workload


def test_several_pools_are_paid_at_their_own_prices(chat: Workload, noon: datetime) -> None:
    row = with_burst(chat, now=noon)
    for name, size in (("private-a100", 4), ("burst", 2)):
        observed(row.pools.get(name=name), size, minutes(noon, 60))
    roll_up(row, since=noon, now=noon + HOUR)

    found = entry(noon)
    assert (found.replica_hours, found.cost) == (Decimal(6), Decimal(18))
    assert found.baseline_cost == Decimal(50)


def test_a_minute_in_which_one_pool_was_not_observed_counts_for_neither_side(
    chat: Workload, noon: datetime
) -> None:
    row = with_burst(chat, now=noon - HOUR)
    observed(row.pools.get(name="private-a100"), 4, minutes(noon, 60))
    observed(row.pools.get(name="burst"), 2, minutes(noon + 30 * MINUTE, 30))
    roll_up(row, since=noon, now=noon + HOUR)

    found = entry(noon)
    assert (found.covered, found.replica_hours) == (0.5, Decimal(3))
    assert found.baseline_replica_hours == Decimal(10)


def test_a_pool_that_was_added_later_cost_nothing_before(chat: Workload, noon: datetime) -> None:
    row = with_burst(chat, now=noon + 30 * MINUTE)
    observed(row.pools.get(name="private-a100"), 4, minutes(noon, 60))
    observed(row.pools.get(name="burst"), 2, minutes(noon + 30 * MINUTE, 30))
    roll_up(row, since=noon, now=noon + HOUR)

    found = entry(noon)
    assert (found.covered, found.replica_hours) == (1.0, Decimal(5))


def test_before_a_workload_existed_there_is_no_baseline_to_save_against(
    team_a: Team, noon: datetime
) -> None:
    row = make_workload(team_a, now=noon + 30 * MINUTE)
    observed(row.pools.get(), 4, minutes(noon + 30 * MINUTE, 30))
    roll_up(row, since=noon, now=noon + HOUR)

    assert entry(noon).baseline_replica_hours == Decimal(10)


def test_one_pool_without_a_price_leaves_no_ledger_at_all(chat: Workload, noon: datetime) -> None:
    row = with_burst(chat, now=noon, price=None)
    for pool in row.pools.all():
        observed(pool, 2, minutes(noon, 60))

    assert roll_up(row, since=noon, now=noon + HOUR) == 0
    assert not CostEntry.objects.exists()


def test_sizes_that_somebody_else_pushed_are_not_paid_for(chat: Workload, noon: datetime) -> None:
    observed(chat.pools.get(), 4, minutes(noon, 60))
    labels = {"workload": chat.name, "pool": "private-a100", "source": "exporter"}
    stamps = np.array([round(at.timestamp() * 1000) for at in minutes(noon, 60)], np.int64)
    foreign = Run("infra.replicas.current", labels, stamps, np.full(60, 100.0))
    backfill(chat.team_id, [foreign], now=noon)
    roll_up(chat, since=noon, now=noon + HOUR)

    assert entry(noon).cost == Decimal(10)


def test_a_workload_that_fails_is_set_aside_and_the_others_are_paid(
    chat: Workload, team_a: Team, noon: datetime
) -> None:
    broken = make_workload(team_a, now=noon - HOUR, name="broken")
    Workload.objects.filter(pk=broken.pk).update(document={"spec": {}})
    observed(chat.pools.get(), 4, minutes(noon, 60))
    failed = roll_up_all(now=noon + HOUR)

    assert failed == 1
    assert entry(noon).cost == Decimal(10)
    assert Heartbeat.objects.get(loop="costs").detail == "1 failed"


def test_a_day_is_written_with_a_handful_of_queries(
    chat: Workload, noon: datetime, django_assert_max_num_queries: object
) -> None:
    observed(chat.pools.get(), 4, minutes(noon - 24 * HOUR, 24 * 60))
    with django_assert_max_num_queries(10):  # type: ignore[operator]
        written = roll_up(chat, since=noon - 24 * HOUR, now=noon)

    assert written == 24
