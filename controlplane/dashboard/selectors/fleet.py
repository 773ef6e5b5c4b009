"""A team → everything the overview says about each workload, in a constant number of queries."""

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Any

from django.db.models import Max, OuterRef, Q, Subquery

from controlplane.dashboard.presenters.ledger import Money, money
from controlplane.dashboard.presenters.overview import Last, Seen, Wish
from controlplane.dashboard.selectors import ledger
from controlplane.dashboard.selectors.sentences import sentences
from controlplane.decisions.models import DecisionRecord
from controlplane.forecasts.models import ForecastRecord
from controlplane.workloads.models import Override, Workload

_MEDIAN = 0.5


def seen(team: int, *, now: datetime, language: str, zone: tzinfo) -> list[Seen]:
    """Every workload of the team by name.

    1. workloads with their status rows and the ids of their newest decision and forecast
    2. those decisions, without what the engine saw
    3. those forecasts
    4. the last change of workloads whose status row does not name it (loaded history)
    5. the words of changes not met before
    6. pins that are in force, 7. today's ledger
    """
    rows = list(_workloads(team))
    newest = _decisions(row.newest_decision for row in rows)
    medians = _medians(row.newest_forecast for row in rows)
    changes = _changes(rows)
    words = sentences((one.public_id for one in changes.values()), language=language, zone=zone)
    pins = dict(
        Override.objects.filter(workload__team_id=team, lifted_at=None, until__gt=now)
        .order_by("created_at")
        .values_list("workload_id", "until")
    )
    saved = saved_today(team, now=now, zone=zone)
    return [
        Seen(
            name=row.name,
            mode=row.mode,
            paused=bool(row.paused_by),
            pinned_until=pins.get(row.pk),
            spec=row.document["spec"],
            status=_plain(row),
            wish=_wish(newest.get(row.newest_decision)),
            last=_last(changes.get(row.pk), words),
            median=medians.get(row.newest_forecast, ()),
            saved=saved.get(row.name),
        )
        for row in rows
    ]


def saved_today(team: int, *, now: datetime, zone: tzinfo) -> dict[str, Money]:
    """Workload → what the ledger says of the reader's day so far.

    A workload whose currency changed today shows the one it was paid in last.
    """
    start = ledger.midnight(now, zone)
    return {each.workload: money(each) for each in ledger.sums(team, start, now)}


def _workloads(team: int) -> Any:
    decisions = DecisionRecord.objects.filter(workload=OuterRef("pk")).order_by("-at").values("pk")
    forecasts = (
        ForecastRecord.objects.filter(workload=OuterRef("pk")).order_by("-origin").values("pk")
    )
    return (
        Workload.objects.filter(team_id=team)
        .select_related("status", "status__last_change")
        .defer("status__last_change__trail", "status__last_change__snapshot")
        .annotate(newest_decision=Subquery(decisions[:1]), newest_forecast=Subquery(forecasts[:1]))
        .order_by("name")
    )


def _decisions(ids: Iterable[int | None]) -> dict[int | None, DecisionRecord]:
    wanted = [pk for pk in ids if pk is not None]
    rows = DecisionRecord.objects.filter(pk__in=wanted).defer("trail", "snapshot")
    return {row.pk: row for row in rows}


def _medians(ids: Iterable[int | None]) -> dict[int | None, tuple[float, ...]]:
    """Forecast id → its median path."""
    wanted = [pk for pk in ids if pk is not None]
    rows = ForecastRecord.objects.filter(pk__in=wanted).values_list("pk", "quantiles", "values")
    return {pk: _column(quantiles, values) for pk, quantiles, values in rows}


def _column(quantiles: list[float], values: list[list[float]]) -> tuple[float, ...]:
    if _MEDIAN not in quantiles:
        return ()
    column = quantiles.index(_MEDIAN)
    return tuple(row[column] for row in values)


def _status(row: Workload) -> Any:
    return getattr(row, "status", None)


def _changes(rows: list[Any]) -> dict[int, DecisionRecord]:
    """Workload → the newest decision that changed its size."""
    found = {
        row.pk: row.status.last_change for row in rows if _status(row) and row.status.last_change
    }
    silent = [row.pk for row in rows if row.pk not in found]
    ticks = DecisionRecord.objects.filter(workload__in=silent, held=False).values("workload")
    newest = Q()
    for entry in ticks.annotate(tick=Max("tick")):
        newest |= Q(workload=entry["workload"], tick=entry["tick"])
    if newest:
        older = DecisionRecord.objects.filter(newest).defer("trail", "snapshot")
        found |= {one.workload_id: one for one in older}
    return found


def _plain(row: Workload) -> dict[str, Any] | None:
    status = _status(row)
    if status is None:
        return None
    return {
        "at": status.at,
        "health": status.health,
        "ready": status.ready,
        "pending": status.pending,
        "desired": status.desired,
        "figures": status.figures,
    }


def _wish(row: DecisionRecord | None) -> Wish | None:
    if row is None:
        return None
    return Wish(row.public_id, row.at, row.current, row.desired, row.wanted, row.binding)


def _last(row: DecisionRecord | None, words: dict[str, str]) -> Last | None:
    if row is None:
        return None
    return Last(row.public_id, row.at, row.change, words.get(row.public_id, ""))
