"""Decisions of a team → a page of the list, and one of them with what came of it."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.db.models import Prefetch, QuerySet

from controlplane.common.errors import Missing
from controlplane.common.paging import page
from controlplane.dashboard.selectors.sentences import worded
from controlplane.decisions.models import ActuationRecord, DecisionRecord

PAGE = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """Which decisions; `which` is changed, held or all."""

    workload: str = ""
    which: str = "changed"
    start: datetime | None = None
    end: datetime | None = None
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list."""

    row: DecisionRecord
    sentence: str
    attempts: tuple[ActuationRecord, ...]


def listed(
    team: int, asked: Asked, *, language: str, zone: tzinfo
) -> tuple[list[Listed], str | None]:
    """A page, newest first, and the cursor of the next; three queries. Raises InvalidInput."""
    attempts = Prefetch("actuations", ActuationRecord.objects.order_by("pk"), "attempts")
    rows = _asked(team, asked).select_related("workload").defer("snapshot", "workload__document")
    found, following = page(
        rows.prefetch_related(attempts),
        cursor=asked.cursor or None,
        limit=PAGE,
        scope=f"pages:{team}",
    )
    words = worded(found, language=language, zone=zone)
    lines = [Listed(row, words[row.public_id], tuple(_attempts(row))) for row in found]
    return lines, following


def _attempts(row: DecisionRecord) -> list[ActuationRecord]:
    return list(getattr(row, "attempts", ()))


def _asked(team: int, asked: Asked) -> "QuerySet[DecisionRecord]":
    rows = DecisionRecord.objects.filter(workload__team_id=team)
    if asked.workload:
        rows = rows.filter(workload__name=asked.workload)
    if asked.which in {"changed", "held"}:
        rows = rows.filter(held=asked.which == "held")
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
