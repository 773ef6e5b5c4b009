"""A workload and a span → what happened to its size, ready for the charts' lane."""

from datetime import datetime, timedelta
from functools import cache

from django.db.models import Count, F, Max, Min, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from controlplane.accounts.models import AuditEntry
from controlplane.dashboard.figures.events import Event, EventKind, merged
from controlplane.dashboard.presenters.overview import NOISE
from controlplane.dashboard.told import told
from controlplane.dashboard.wording import word
from controlplane.decisions.models import ActuationRecord, ActuationState, DecisionRecord
from controlplane.workloads.models import Workload

MOST = 2000
BUCKETS = 240  # holds repeat at every look; one a bucket is enough to draw
BY_PEOPLE = (
    "workload.override",
    "workload.paused",
    "workload.resumed",
    "workload.changed",
    "demo.surge",
)


def events(workload: Workload, start: datetime, end: datetime) -> tuple[Event, ...]:
    """Changes, holds against a wish for more, what people did, and what failed; four queries."""
    found = [
        *_changes(workload, start, end),
        *_blocked(workload, start, end),
        *_people(workload, start, end),
        *_failed(workload, start, end),
    ]
    return merged(found)


def _changes(workload: Workload, start: datetime, end: datetime) -> list[Event]:
    rows = DecisionRecord.objects.filter(
        workload=workload, held=False, at__gte=start, at__lte=end
    ).order_by("-at")
    return [
        Event(
            EventKind.UP if desired > current else EventKind.DOWN,
            at,
            _sized(desired - current, desired, mode),
            _page(ref),
        )
        for ref, at, current, desired, mode in rows.values_list(
            "public_id", "at", "current", "desired", "mode"
        )[:MOST]
    ]


def _sized(change: int, desired: int, mode: str) -> str:
    text = f"{change:+d} → {desired}".replace("-", "−")
    return text if mode == "auto" else f"{text} ({word('mode', mode)})"


def _blocked(workload: Workload, start: datetime, end: datetime) -> list[Event]:
    """More was wanted than was ordered: one event a bucket, whatever the number of looks."""
    bucket = _milliseconds((end - start) / BUCKETS)
    rows = (
        DecisionRecord.objects.filter(workload=workload, held=True, at__gte=start, at__lte=end)
        .filter(Q(wanted__gt=F("desired")) | Q(binding="freshness"))
        .exclude(binding__in=NOISE)
        .values("binding", slot=F("tick") / bucket)
        .annotate(
            since=Min("at"), size=Max("desired"), hope=Max("wanted"), newest=Max("public_id"),
            looks=Count("pk"),
        )
    )  # fmt: skip
    return [
        Event(
            EventKind.BLOCKED,
            row["since"],
            _("held at %(size)d: %(why)s")
            % {"size": row["size"], "why": word("guardrail", row["binding"])},
            _page(row["newest"]),
        )
        for row in rows.order_by("since")[:MOST]
    ]


def _people(workload: Workload, start: datetime, end: datetime) -> list[Event]:
    own = Q(subject=workload.name, action__in=BY_PEOPLE)
    team = Q(action__in=("team.paused", "team.resumed"))
    rows = AuditEntry.objects.filter(own | team, team_id=workload.team_id)
    rows = rows.filter(at__gte=start, at__lte=end).order_by("-at")
    return [
        Event(EventKind.MANUAL, at, f"{word('action', action)} ({actor})")
        for at, action, actor in rows.values_list("at", "action", "actor")[:MOST]
    ]


def _failed(workload: Workload, start: datetime, end: datetime) -> list[Event]:
    rows = ActuationRecord.objects.filter(
        workload=workload, state=ActuationState.FAILED, created_at__gte=start, created_at__lte=end
    ).order_by("-created_at")
    return [
        Event(
            EventKind.FAILED,
            finished or created,
            _("failed: %(why)s") % {"why": told(detail) or "–"},
            _page(ref),
        )
        for ref, created, finished, detail in rows.values_list(
            "decision__public_id", "created_at", "finished_at", "detail"
        )[:MOST]
    ]


def _page(ref: str) -> str:
    """The decision's page; resolved once, since a span may hold thousands."""
    return f"{_decisions()}/{ref}"


@cache
def _decisions() -> str:
    return reverse("decisions")


def _milliseconds(length: timedelta) -> int:
    return max(1, round(length.total_seconds() * 1000))
