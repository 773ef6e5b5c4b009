"""Tables of money add up to the cent, losses stay losses, and no baseline is no number."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from controlplane.dashboard.presenters.ledger import Sums, money, totals
from controlplane.dashboard.presenters.savings import day_rows, drawn_days, from_days

MILLIONTHS = st.decimals(0, 10_000, places=6)
DAY = date(2026, 3, 1)


def sums(
    cost: str, baseline: str | None = None, *, name: str = "chat", currency: str = "USD"
) -> Sums:
    return Sums(
        name,
        currency,
        Decimal(cost),
        None if baseline is None else Decimal(cost),
        None if baseline is None else Decimal(baseline),
        Decimal(1),
        1.0,
    )


def test_saved_is_baseline_minus_what_was_paid_for_the_same_hours() -> None:
    found = money(sums("30.004", "50.005"))

    assert (found.saved, found.share) == (Decimal("20.00"), 0.4)


def test_a_loss_is_negative_and_said_so() -> None:
    found = money(sums("60", "50"))

    assert (found.saved, found.share, found.costs_more) == (Decimal("-10.00"), -0.2, True)


def test_without_a_baseline_nothing_is_saved_and_nothing_is_zero() -> None:
    found = money(sums("60"))

    assert (found.saved, found.share, found.costs_more) == (None, None, False)


def test_a_baseline_of_nothing_has_no_share() -> None:
    assert money(sums("1", "0")).share is None


def test_a_total_of_pending_rows_is_pending() -> None:
    (total,) = totals([money(sums("1")), money(sums("2", name="b"))])

    assert (total.cost, total.saved) == (Decimal("3.00"), None)


def test_a_total_compares_only_what_has_a_baseline() -> None:
    (total,) = totals([money(sums("10", "30")), money(sums("5", name="b"))])

    assert (total.cost, total.saved) == (Decimal("15.00"), Decimal("20.00"))


def test_currencies_have_totals_of_their_own() -> None:
    found = totals([money(sums("1", "2")), money(sums("7", "9", name="b", currency="CNY"))])

    assert [(each.currency, each.saved) for each in found] == [
        ("CNY", Decimal("2.00")),
        ("USD", Decimal("1.00")),
    ]


@given(st.lists(st.tuples(MILLIONTHS, MILLIONTHS, st.integers(0, 5), st.integers(0, 3)),
                min_size=1, max_size=40))  # fmt: skip
def test_the_tables_by_workload_and_by_day_have_one_total(
    cells: list[tuple[Decimal, Decimal, int, int]],
) -> None:
    unique = {(day, name): (cost, base) for cost, base, day, name in cells}
    entries = [
        (DAY + timedelta(days=day), sums(str(cost), str(base), name=f"w{name}"))
        for (day, name), (cost, base) in unique.items()
    ]

    rows, days = from_days(entries), day_rows(entries)

    (total,) = totals(rows)
    (same,) = totals([row.total for row in days])
    assert (total.cost, total.baseline, total.saved) == (same.cost, same.baseline, same.saved)
    assert total.saved == sum(row.saved or 0 for row in rows)
    assert total.cost == total.cost.quantize(Decimal("0.01"))


def test_days_are_listed_newest_first_and_drawn_oldest_first() -> None:
    entries = [(DAY, sums("1", "2")), (DAY + timedelta(days=1), sums("3", "4"))]

    rows = day_rows(entries)

    assert [row.day.day for row in rows] == [2, 1]
    assert [day.day.day for day in drawn_days(rows, "USD")] == [1, 2]
    assert drawn_days(rows, "CNY") == ()
