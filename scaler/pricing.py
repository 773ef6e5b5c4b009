"""Replica-hours × price → money, and what was saved against a declared baseline. Pure, exact."""

from dataclasses import dataclass
from decimal import Decimal

MICRO = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Bill:
    """Replica-hours paid and their cost; with a baseline, what it would have cost instead."""

    replica_hours: Decimal
    cost: Decimal
    baseline_hours: Decimal | None = None
    baseline_cost: Decimal | None = None

    @property
    def saved(self) -> Decimal | None:
        """Baseline minus paid: negative when scaling cost more, None without a baseline."""
        return None if self.baseline_cost is None else self.baseline_cost - self.cost

    @property
    def saved_share(self) -> float | None:
        """Saved as a share of the baseline, or None without one."""
        if self.saved is None or not self.baseline_cost:
            return None
        return float(self.saved / self.baseline_cost)


def cost(replica_hours: Decimal, price: Decimal) -> Decimal:
    """Replica-hours × price per replica-hour, to the millionth."""
    return (replica_hours * price).quantize(MICRO)


def bill(
    parts: tuple[tuple[Decimal, Decimal], ...],
    *,
    observed_hours: Decimal,
    baseline: int | None,
    baseline_price: Decimal,
) -> Bill:
    """Sum (replica-hours, price) parts; the baseline runs `baseline` replicas all the time.

    `observed_hours` is how long replicas were observed: unobserved time is charged to neither.
    """
    hours = sum((each for each, _price in parts), Decimal(0))
    paid = sum((cost(each, price) for each, price in parts), Decimal(0))
    if baseline is None:
        return Bill(hours, paid)
    base_hours = observed_hours * baseline
    return Bill(hours, paid, base_hours, cost(base_hours, baseline_price))
