"""What happened to a workload's size → glyphs on a lane, clustered where they would touch. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

LEAST_PIXELS = 12.0


class EventKind(StrEnum):
    """Each has a shape, so that colour is never alone."""

    UP = "up"
    DOWN = "down"
    BLOCKED = "blocked"
    MANUAL = "manual"
    FAILED = "failed"


GLYPHS = {
    EventKind.UP: "▲",
    EventKind.DOWN: "▼",
    EventKind.BLOCKED: "■",
    EventKind.MANUAL: "◆",
    EventKind.FAILED: "✕",
}
SYMBOLS = {
    EventKind.UP: "triangle-up",
    EventKind.DOWN: "triangle-down",
    EventKind.BLOCKED: "square",
    EventKind.MANUAL: "diamond",
    EventKind.FAILED: "x",
}
# In a cluster the worst is shown.
_WEIGHT = {
    EventKind.FAILED: 4,
    EventKind.BLOCKED: 3,
    EventKind.MANUAL: 2,
    EventKind.UP: 1,
    EventKind.DOWN: 0,
}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `text` is for people, `href` leads to the whole story."""

    kind: EventKind
    at: datetime
    text: str
    href: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Cluster:
    """Events too close to be drawn apart; one alone is a cluster of one."""

    kind: EventKind
    at: datetime
    text: str
    href: str
    count: int

    @property
    def label(self) -> str:
        return f"+{self.count}" if self.count > 1 else ""


def merged(events: Sequence[Event]) -> tuple[Event, ...]:
    """Neighbours that say the same become one that counts them: a hold repeats at every look."""
    found: list[Event] = []
    for event in sorted(events, key=lambda each: each.at):
        last = found[-1] if found else None
        if last is not None and (last.kind, last.text) == (event.kind, event.text):
            found[-1] = Event(last.kind, last.at, last.text, last.href, last.count + event.count)
        else:
            found.append(event)
    return tuple(found)


def clustered(
    events: Sequence[Event], *, start: datetime, end: datetime, width: float
) -> tuple[Cluster, ...]:
    """Glyphs for a lane `width` pixels wide, oldest first; counts add up to the events.

    A cluster stands where its first event does and is at most one glyph wide, so that any two
    glyphs are far enough apart and none collects a whole day.
    """
    least = (end - start) * (LEAST_PIXELS / max(width, LEAST_PIXELS))
    inside = sorted((one for one in events if start <= one.at <= end), key=lambda each: each.at)
    if not inside:
        return ()
    groups: list[list[Event]] = [[inside[0]]]
    for event in inside[1:]:
        if event.at - groups[-1][0].at < least:
            groups[-1].append(event)
        else:
            groups.append([event])
    return tuple(_cluster(group) for group in groups)


def _cluster(group: list[Event]) -> Cluster:
    worst = max(group, key=lambda each: (_WEIGHT[each.kind], each.at))
    texts = list(dict.fromkeys(each.text for each in group))
    shown = texts[:4] + ([f"… +{len(texts) - 4}"] if len(texts) > 4 else [])
    return Cluster(worst.kind, group[0].at, " · ".join(shown), worst.href, len(group))
