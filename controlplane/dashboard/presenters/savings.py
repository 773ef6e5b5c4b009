"""The ledger of some days → what the savings page shows. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from controlplane.dashboard.figures.savings import Day
from controlplane.dashboard.presenters.ledger import Money, Sums, money, totals

PERIODS = {"today": 1, "7d": 7, "14d": 14, "30d": 30}
USUAL = "7d"


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day and currency of the table per day."""

    day: date
    total: Money


def day_rows(entries: Iterable[tuple[date, Sums]]) -> tuple[DayRow, ...]:
    """Per day what its workloads' rounded rows add up to, newest first."""
    days: dict[date, list[Money]] = {}
    for day, sums in entries:
        days.setdefault(day, []).append(money(sums))
    return tuple(
        DayRow(day, total) for day in sorted(days, reverse=True) for total in totals(days[day])
    )


def drawn_days(rows: Sequence[DayRow], currency: str) -> tuple[Day, ...]:
    """Oldest first, one currency: amounts of two are never on one axis."""
    return tuple(
        Day(row.day, row.total.cost, row.total.baseline)
        for row in reversed(rows)
        if row.total.currency == currency
    )


def from_days(entries: Iterable[tuple[date, Sums]]) -> tuple[Money, ...]:
    """Per workload over all days: sums of what is rounded per day.

    The table per workload and the table per day are two sums over the same rounded cells, so that
    both have the same total, to the cent.
    """
    cells: dict[tuple[str, str], list[Money]] = {}
    for _day, sums in entries:
        cells.setdefault((sums.workload, sums.currency), []).append(money(sums))
    return tuple(_together(name, group) for (name, _currency), group in sorted(cells.items()))


def _together(name: str, group: Sequence[Money]) -> Money:
    (total,) = totals(group)
    return Money(
        workload=name,
        currency=total.currency,
        cost=total.cost,
        compared=total.compared,
        baseline=total.baseline,
        replica_hours=total.replica_hours,
        covered_hours=total.covered_hours,
    )


@dataclass(frozen=True, slots=True)
class Price:
    """Where a number comes from: a pool's price, and the baseline its owner declared."""

    workload: str
    pool: str
    amount: Decimal | None
    currency: str
    baseline: int | None
    baseline_kind: str
