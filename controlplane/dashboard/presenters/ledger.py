"""Ledger sums → rows that add up to the cent, and totals per currency. Pure.

Every amount is rounded once, in `Money`; totals are sums of rounded rows. So a table adds up, and
the overview shows the same number as the savings page.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from controlplane.dashboard.presenters.quantities import cents


@dataclass(frozen=True, slots=True)
class Sums:
    """What the ledger holds of one workload and currency over some hours.

    `compared` is the cost of the hours that have a baseline; None like `baseline` without any.
    """

    workload: str
    currency: str
    cost: Decimal
    compared: Decimal | None
    baseline: Decimal | None
    replica_hours: Decimal
    covered_hours: float
    baseline_hours: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """One line of the table, to the cent; without a baseline nothing is said about savings."""

    workload: str
    currency: str
    cost: Decimal
    compared: Decimal | None
    baseline: Decimal | None
    replica_hours: Decimal
    covered_hours: float

    @property
    def saved(self) -> Decimal | None:
        """Baseline minus cost, negative when scaling cost more."""
        if self.baseline is None or self.compared is None:
            return None
        return self.baseline - self.compared

    @property
    def share(self) -> float | None:
        """Saved as a share of the baseline."""
        if self.saved is None or not self.baseline:
            return None
        return float(self.saved / self.baseline)

    @property
    def costs_more(self) -> bool:
        return self.saved is not None and self.saved < 0


def money(sums: Sums) -> Money:
    """The one place where the ledger's millionths become cents."""
    none = sums.baseline is None or sums.compared is None
    return Money(
        workload=sums.workload,
        currency=sums.currency,
        cost=cents(sums.cost, sums.currency),
        compared=None if none else cents(sums.compared or Decimal(0), sums.currency),
        baseline=None if none else cents(sums.baseline or Decimal(0), sums.currency),
        replica_hours=sums.replica_hours,
        covered_hours=sums.covered_hours,
    )


def totals(rows: Iterable[Money]) -> tuple[Money, ...]:
    """One line a currency: amounts of different currencies are never added."""
    groups: dict[str, list[Money]] = {}
    for row in rows:
        groups.setdefault(row.currency, []).append(row)
    return tuple(_total(currency, group) for currency, group in sorted(groups.items()))


def _total(currency: str, rows: Sequence[Money]) -> Money:
    return Money(
        workload="",
        currency=currency,
        cost=sum((row.cost for row in rows), Decimal(0)),
        compared=_sum([row.compared for row in rows]),
        baseline=_sum([row.baseline for row in rows]),
        replica_hours=sum((row.replica_hours for row in rows), Decimal(0)),
        covered_hours=sum(row.covered_hours for row in rows),
    )


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None
