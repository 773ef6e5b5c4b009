"""What was read about a team's workloads → tiles and rows of the overview. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from controlplane.common.errors import InvalidInput
from controlplane.dashboard.figures.paths import spark
from controlplane.dashboard.presenters.ledger import Money, totals
from controlplane.workloads.spec import Range

NOISE = ("", "tolerance", "stabilization")  # why a size stays that nobody has to hear of
STALE_AFTER = timedelta(seconds=90)
ORDER_OF_HEALTH = {"risk": 0, "stale": 1, "waiting": 2, "paused": 3, "ok": 4, "off": 5}
FILTERS = ("risk", "stale", "waiting", "paused", "ok", "off")


@dataclass(frozen=True, slots=True)
class Wish:
    """The newest decision: what was wanted, and what limited it."""

    ref: str
    at: datetime
    current: int
    desired: int
    wanted: int
    binding: str

    @property
    def held(self) -> bool:
        """More was wanted than is given, or a person or missing data holds the size."""
        short = self.wanted > self.desired and self.binding not in NOISE
        return short or self.binding in {"override", "freshness"}


@dataclass(frozen=True, slots=True)
class Last:
    """The last change of size, in words."""

    ref: str
    at: datetime
    change: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Seen:
    """One workload as it was read from rows."""

    name: str
    mode: str
    paused: bool
    pinned_until: datetime | None
    spec: Mapping[str, Any]
    status: Mapping[str, Any] | None
    wish: Wish | None
    last: Last | None
    median: tuple[float, ...]
    saved: Money | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. None is "nothing known" everywhere."""

    name: str
    health: str
    mode: str
    at: datetime | None
    ready: int | None
    pending: int | None
    desired: int | None
    minimum: int
    maximum: int
    latency: float | None
    slo: float | None
    quantile: float
    slo_signal: str
    queue: float | None
    utilization: float | None
    demand: float | None
    per_replica: float | None
    forecast_change: float | None
    forecast_path: str
    cost: Decimal | None
    currency: str | None
    sparkline: str
    saved: Money | None
    wish: Wish | None
    last: Last | None
    pinned_until: datetime | None
    next_at: datetime | None
    next_replicas: int | None

    @property
    def now(self) -> int | None:
        """Ready plus starting: what is paid for."""
        return None if self.ready is None else self.ready + (self.pending or 0)

    @property
    def late(self) -> bool:
        """The objective is missed right now."""
        return self.slo_share is not None and self.slo_share > 1

    @property
    def slo_share(self) -> float | None:
        """Latency as a share of its objective; above 1 the objective is missed."""
        return self.latency / self.slo if self.latency is not None and self.slo else None


def row(seen: Seen, *, now: datetime) -> Row:
    """The line of one workload. A status older than 90 s is stale, whatever it says."""
    status = seen.status or {}
    numbers: Mapping[str, Any] = status.get("figures") or {}
    slo = seen.spec.get("slo") or {}
    bounds = seen.spec["replicas"]
    usual = Range()
    upcoming = numbers.get("next_change") or {}
    return Row(
        name=seen.name,
        health=health(seen, now=now),
        mode=seen.mode,
        at=status.get("at"),
        ready=status.get("ready"),
        pending=status.get("pending"),
        desired=status.get("desired"),
        minimum=bounds.get("min", usual.min),
        maximum=bounds.get("max", usual.max),
        latency=numbers.get("latency_s"),
        slo=numbers.get("slo_s"),
        quantile=slo.get("quantile", 0.95),
        slo_signal=slo.get("signal", "experience.e2e"),
        queue=numbers.get("queue"),
        utilization=numbers.get("utilization"),
        demand=numbers.get("demand"),
        per_replica=numbers.get("per_replica"),
        forecast_change=numbers.get("forecast_change"),
        forecast_path=spark(seen.median, width=40, height=16),
        cost=Decimal(numbers["cost_per_hour"]) if numbers.get("cost_per_hour") else None,
        currency=numbers.get("currency"),
        sparkline=spark(numbers.get("sparkline") or ()),
        saved=seen.saved,
        wish=seen.wish,
        last=seen.last,
        pinned_until=seen.pinned_until,
        next_at=datetime.fromisoformat(upcoming["at"]) if upcoming else None,
        next_replicas=upcoming.get("replicas"),
    )


def health(seen: Seen, *, now: datetime) -> str:
    """The health of one workload as of now."""
    status = seen.status or {}
    return health_of(
        status.get("health"), status.get("at"), mode=seen.mode, paused=seen.paused, now=now
    )


def health_of(
    stored: str | None, at: datetime | None, *, mode: str, paused: bool, now: datetime
) -> str:
    """The stored word, unless nobody has looked lately or a person stopped scaling."""
    if stored is None or at is None:
        return "off" if mode == "off" else "waiting"
    if stored != "off" and now - at > STALE_AFTER:
        return "stale"
    return "paused" if paused and stored == "ok" else stored


SORTS: dict[str, Any] = {
    "name": lambda row: row.name,
    "health": lambda row: ORDER_OF_HEALTH.get(row.health, 9),
    "replicas": lambda row: row.now,
    "latency": lambda row: row.slo_share,
    "queue": lambda row: row.queue,
    "gpu": lambda row: row.utilization,
    "forecast": lambda row: row.forecast_change,
    "cost": lambda row: row.cost,
    "saved": lambda row: row.saved.saved if row.saved else None,
    "changed": lambda row: row.last.at if row.last else None,
}
FALLING_FIRST = frozenset(SORTS) - {"name", "health"}  # large numbers are what people look for


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks of the table."""

    sort: str = "name"
    falling: bool = False
    health: str = ""
    text: str = ""


def wanted(query: Mapping[str, str]) -> Wanted:
    """`sort`, `dir`, `health` and `q` of the address. Raises InvalidInput for an unknown column."""
    sort = query.get("sort") or "name"
    if sort not in SORTS:
        raise InvalidInput("sort.unknown", f"Sort by one of: {', '.join(SORTS)}.")
    falling = query.get("dir", "desc" if sort in FALLING_FIRST else "asc") == "desc"
    health = query.get("health", "")
    return Wanted(
        sort, falling, health if health in FILTERS else "", query.get("q", "").strip()[:80]
    )


def query(asked: Wanted, sort: str) -> str:
    """The address of the same table sorted by a column; a second time turns it around."""
    falling = not asked.falling if sort == asked.sort else sort in FALLING_FIRST
    parts = {"sort": sort, "dir": "desc" if falling else "asc"}
    return urlencode(parts | {"health": asked.health, "q": asked.text})


def arranged(rows: Iterable[Row], asked: Wanted) -> list[Row]:
    """Filtered and sorted; what is unknown comes last in both directions."""
    kept = [
        row
        for row in rows
        if (not asked.health or row.health == asked.health) and asked.text.lower() in row.name
    ]
    key = SORTS[asked.sort]
    known = [row for row in kept if key(row) is not None]
    unknown = [row for row in kept if key(row) is None]
    known.sort(key=lambda row: row.name)
    known.sort(key=key, reverse=asked.falling)
    return known + unknown


@dataclass(frozen=True, slots=True)
class Fleet:
    """The tiles: one look at all of it."""

    workloads: int
    healthy: int
    risky: int
    silent: int  # stale or waiting
    ready: int | None
    desired: int | None
    costs: tuple[tuple[Decimal, str], ...]  # an hour, per currency
    saved: tuple[Money, ...]
    next_at: datetime | None
    next_name: str
    next_replicas: int


def fleet(rows: Sequence[Row]) -> Fleet:
    """Sums over what is known."""
    upcoming = [row for row in rows if row.next_at is not None]
    first = min(upcoming, key=lambda row: (row.next_at, row.name), default=None)
    known = [row for row in rows if row.ready is not None]
    asked = [row for row in rows if row.desired is not None or row.now is not None]
    return Fleet(
        workloads=len(rows),
        healthy=sum(row.health in {"ok", "paused"} for row in rows),
        risky=sum(row.health == "risk" for row in rows),
        silent=sum(row.health in {"stale", "waiting"} for row in rows),
        ready=sum(row.ready or 0 for row in known) if known else None,
        desired=sum(_asked(row) for row in asked) if asked else None,
        costs=_costs(rows),
        saved=totals(row.saved for row in rows if row.saved is not None),
        next_at=first.next_at if first else None,
        next_name=first.name if first else "",
        next_replicas=(first.next_replicas or 0) if first else 0,
    )


def _asked(row: Row) -> int:
    """What was asked for; without a decision (mode off) what is there."""
    return row.desired if row.desired is not None else (row.now or 0)


def _costs(rows: Iterable[Row]) -> tuple[tuple[Decimal, str], ...]:
    sums: dict[str, Decimal] = {}
    for each in rows:
        if each.cost is not None and each.currency:
            sums[each.currency] = sums.get(each.currency, Decimal(0)) + each.cost
    return tuple((amount, currency) for currency, amount in sorted(sums.items()))
