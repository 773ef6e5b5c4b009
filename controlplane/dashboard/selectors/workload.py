"""One workload → its state, its last decisions and who holds it."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from controlplane.dashboard.presenters.overview import Row, Seen, row
from controlplane.dashboard.presenters.trail import Trail, trail
from controlplane.dashboard.ranges import Span
from controlplane.dashboard.selectors.decisions import Listed, folded, lines
from controlplane.dashboard.selectors.sentences import readable, spoken, worded
from controlplane.decisions.models import DecisionRecord, WorkloadStatus
from controlplane.demo.models import DemoWorkload
from controlplane.forecasts.models import ModelState, ModelVersion
from controlplane.workloads.models import Override, Workload

MOST_DECISIONS = 12
MOST_LOOKS = 300


@dataclass(frozen=True, slots=True)
class State:
    """What the page needs beside its charts."""

    row: Row
    override: Override | None
    demo: DemoWorkload | None
    decision: DecisionRecord | None
    trail: Trail | None
    sentence: str
    champion: ModelVersion | None


def state(workload: Workload, *, now: datetime, language: str, zone: tzinfo) -> State:
    """The status row, the newest decision with its trail, pins and the demo; six queries."""
    status = WorkloadStatus.objects.filter(workload=workload).first()
    newest = workload.decisions.order_by("-at").select_related("forecast").first()
    decided = readable(newest) if newest else None
    words = worded([newest], language=language, zone=zone) if newest else {}
    override = (
        Override.objects.filter(workload=workload, lifted_at=None, until__gt=now)
        .order_by("-created_at")
        .first()
    )
    return State(
        row=row(_seen(workload, status, override), now=now),
        override=override,
        demo=DemoWorkload.objects.filter(workload=workload).first(),
        decision=newest,
        trail=trail(decided, language=spoken(language), zone=zone) if decided else None,
        sentence=words.get(newest.public_id, "") if newest else "",
        champion=workload.model_versions.filter(state=ModelState.CHAMPION).first(),
    )


def _seen(workload: Workload, status: WorkloadStatus | None, override: Override | None) -> Seen:
    return Seen(
        name=workload.name,
        mode=workload.mode,
        paused=bool(workload.paused_by),
        pinned_until=override.until if override else None,
        spec=workload.document["spec"],
        status=_plain(status) if status else None,
        wish=None,
        last=None,
        median=(),
        saved=None,
    )


def _plain(status: WorkloadStatus) -> dict[str, Any]:
    return {
        "at": status.at,
        "health": status.health,
        "ready": status.ready,
        "pending": status.pending,
        "desired": status.desired,
        "figures": status.figures,
    }


def decisions(
    workload: Workload, span: Span, *, language: str, zone: tzinfo, every: bool = False
) -> list[Listed]:
    """The newest decisions of the span with their sentences, changes only unless `every`."""
    rows = workload.decisions.filter(at__gte=span.start, at__lte=span.end)
    if not every:
        rows = rows.filter(held=False)
    light = rows.defer("trail", "snapshot").order_by("-at")[:MOST_LOOKS]
    newest = [group[0] for group in folded(list(light))[:MOST_DECISIONS]]
    return lines(newest, language=language, zone=zone)
