"""Replica-hours, money, and what was saved."""

from decimal import Decimal

from scaler.pricing import bill, cost

PRICE = Decimal("2.50")


def test_money_is_exact_to_the_millionth() -> None:
    assert cost(Decimal("0.1"), Decimal("0.3333333")) == Decimal("0.033333")


def test_what_was_paid_is_the_sum_of_the_pools() -> None:
    parts = ((Decimal(4), PRICE), (Decimal(2), Decimal(1)))

    total = bill(parts, observed_hours=Decimal(1), baseline=None, baseline_price=PRICE)

    assert (total.replica_hours, total.cost) == (Decimal(6), Decimal("12.000000"))
    assert (total.saved, total.saved_share) == (None, None)


def test_savings_are_the_baseline_minus_what_was_paid() -> None:
    total = bill(
        ((Decimal(5), PRICE),), observed_hours=Decimal(1), baseline=20, baseline_price=PRICE
    )

    assert total.saved == Decimal("37.500000")
    assert total.saved_share == 0.75


def test_spending_more_than_the_baseline_is_shown_as_negative() -> None:
    total = bill(
        ((Decimal(30), PRICE),), observed_hours=Decimal(1), baseline=20, baseline_price=PRICE
    )

    assert total.saved == Decimal("-25.000000")


def test_time_that_was_not_observed_is_charged_to_neither() -> None:
    total = bill((), observed_hours=Decimal(0), baseline=20, baseline_price=PRICE)

    assert (total.cost, total.saved, total.saved_share) == (Decimal(0), Decimal(0), None)
