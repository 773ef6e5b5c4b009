"""Decisions of a team → a page of the list, and one of them with what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.db.models import QuerySet

from controlplane.common.errors import Missing
from controlplane.common.paging import page
from controlplane.dashboard.selectors.sentences import sentences
from controlplane.decisions.models import ActuationRecord, DecisionRecord

LOOKS = 100  # a page; the same recommendation, repeated at every look, is one line


@dataclass(frozen=True, slots=True)
class Asked:
    """Which decisions; `which` is changed, recommended, held or all."""

    workload: str = ""
    which: str = "changed"
    start: datetime | None = None
    end: datetime | None = None
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One line: the newest of `looks` decisions that said the same, and since when."""

    row: DecisionRecord
    since: datetime
    looks: int
    sentence: str
    attempts: tuple[ActuationRecord, ...]


def listed(
    team: int, asked: Asked, *, language: str, zone: tzinfo
) -> tuple[list[Listed], str | None]:
    """A page, newest first, and the cursor of the next; four queries. Raises InvalidInput."""
    rows = _asked(team, asked).select_related("workload").defer(*_HEAVY)
    found, following = page(rows, cursor=asked.cursor or None, limit=LOOKS, scope=f"pages:{team}")
    return lines(found, language=language, zone=zone), following


_HEAVY = ("trail", "snapshot", "workload__document")


def lines(rows: Sequence[DecisionRecord], *, language: str, zone: tzinfo) -> list[Listed]:
    """Rows without their trails, newest first → lines with sentences and what came of them."""
    groups = folded(rows)
    words = sentences((group[0].public_id for group in groups), language=language, zone=zone)
    attempts = _attempts([group[0].pk for group in groups])
    return [
        Listed(
            row=group[0],
            since=group[-1].at,
            looks=len(group),
            sentence=words.get(group[0].public_id, ""),
            attempts=tuple(attempts.get(group[0].pk, ())),
        )
        for group in groups
    ]


def folded(rows: Sequence[DecisionRecord]) -> list[list[DecisionRecord]]:
    """Neighbours of one workload that say the same and ordered nothing are one group."""
    groups: list[list[DecisionRecord]] = []
    open_: dict[int, list[DecisionRecord]] = {}
    for row in rows:
        last = open_.get(row.workload_id)
        if last is not None and _same(last[0], row):
            last.append(row)
        else:
            open_[row.workload_id] = [row]
            groups.append(open_[row.workload_id])
    return groups


def _same(one: DecisionRecord, other: DecisionRecord) -> bool:
    inert = one.held or one.mode != "auto"
    facts = ("current", "desired", "binding", "mode")
    return inert and all(getattr(one, name) == getattr(other, name) for name in facts)


def _attempts(decisions: list[int]) -> dict[int, list[ActuationRecord]]:
    found: dict[int, list[ActuationRecord]] = {}
    for row in ActuationRecord.objects.filter(decision_id__in=decisions).order_by("pk"):
        found.setdefault(row.decision_id, []).append(row)
    return found


def _asked(team: int, asked: Asked) -> "QuerySet[DecisionRecord]":
    rows = DecisionRecord.objects.filter(workload__team_id=team)
    if asked.workload:
        rows = rows.filter(workload__name=asked.workload)
    if asked.which != "all":
        rows = rows.filter(held=asked.which == "held")
    if asked.which == "changed":
        rows = rows.filter(mode="auto")
    if asked.which == "recommended":
        rows = rows.exclude(mode="auto")
    if asked.start:
        rows = rows.filter(at__gte=asked.start)
    if asked.end:
        rows = rows.filter(at__lt=asked.end)
    return rows


def decision(team: int, public_id: str) -> DecisionRecord:
    """One decision of the team. Raises Missing: another team's looks like none."""
    row = (
        DecisionRecord.objects.select_related("workload", "forecast", "forecast__version")
        .filter(workload__team_id=team, public_id=public_id)
        .first()
    )
    if row is None:
        raise Missing("decision.missing", "There is no such decision in this team.")
    return row


def attempts(row: DecisionRecord) -> list[ActuationRecord]:
    """What was ordered because of it, in the order it was ordered."""
    return list(row.actuations.select_related("pool").order_by("pk"))


def neighbours(row: DecisionRecord) -> tuple[DecisionRecord | None, DecisionRecord | None]:
    """The change before and the change after, for stepping through."""
    changes = DecisionRecord.objects.filter(workload=row.workload, held=False).only(
        "public_id", "at"
    )
    before = changes.filter(at__lt=row.at).order_by("-at").first()
    return before, changes.filter(at__gt=row.at).order_by("at").first()
