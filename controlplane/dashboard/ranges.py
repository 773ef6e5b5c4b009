"""A page's query → the span of time it shows, always absolute underneath. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from math import ceil
from urllib.parse import urlencode

from controlplane.common.errors import InvalidInput

PRESETS = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "3h": timedelta(hours=3),
    "12h": timedelta(hours=12),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "14d": timedelta(days=14),
}
USUAL = "3h"
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=400)
SHORT = timedelta(hours=3)  # up to here one point every few pixels is calm to read
MOST_SHORT, MOST_POINTS = 240, 720
# Steps that people recognise on an axis, in seconds.
STEPS = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Span:
    """[start, end). `preset` names a span that ends now and moves on; None is fixed."""

    start: datetime
    end: datetime
    preset: str | None = None

    @property
    def live(self) -> bool:
        return self.preset is not None

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def step(self, most: int | None = None) -> timedelta:
        """The finest usual step that needs at most `most` points."""
        usual = MOST_SHORT if self.length <= SHORT else MOST_POINTS
        least = self.length.total_seconds() / (most or usual)
        found = next((step for step in STEPS if step >= least), 86400 * ceil(least / 86400))
        return timedelta(seconds=found)

    @property
    def query(self) -> str:
        """What the page's address says about this span."""
        return urlencode({"range": self.preset} if self.preset else self._absolute())

    @property
    def absolute_query(self) -> str:
        """The same moments for somebody who opens the address later."""
        return urlencode(self._absolute())

    def _absolute(self) -> dict[str, str]:
        return {"from": self.start.strftime(_STAMP), "to": self.end.strftime(_STAMP)}

    def moved(self, share: float) -> "Span":
        """Earlier (negative) or later by a share of its length, and fixed from then on."""
        by = self.length * share
        return Span(self.start + by, self.end + by)

    @property
    def refresh(self) -> timedelta:
        """How often looking again can show anything new: one point's time, a second at least."""
        if self.length <= timedelta(hours=6):
            return timedelta(seconds=1)
        return self.length / MOST_POINTS


def span_of(query: Mapping[str, str], *, now: datetime, zone: tzinfo, usual: str = USUAL) -> Span:
    """`range=3h`, or `from` and `to` in RFC 3339; a time without a zone is in `zone`.

    Raises InvalidInput (422) that names what to write instead.
    """
    if query.get("from") or query.get("to"):
        end = _moment(query["to"], zone) if query.get("to") else now
        start = _moment(query["from"], zone) if query.get("from") else end - PRESETS[usual]
        return _checked(Span(start, end))
    preset = query.get("range") or usual
    if preset not in PRESETS:
        raise InvalidInput(
            "range.preset", f"Choose a range of {', '.join(PRESETS)}, or from and to.", status=422
        )
    return Span(now - PRESETS[preset], now, preset)


def needs_address(query: Mapping[str, str]) -> bool:
    """Whether from or to lack a zone: such an address would mean something else elsewhere."""
    given = [query[name] for name in ("from", "to") if query.get(name)]
    return any(not _has_zone(text) for text in given)


def _checked(span: Span) -> Span:
    if not SHORTEST <= span.length <= LONGEST:
        raise InvalidInput(
            "range.order", "The end must be 1 minute to 400 days after the start.", status=422
        )
    return span


def _has_zone(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return True  # refused elsewhere, with words


def _moment(text: str, zone: tzinfo) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip()[:40])
        aware = found if found.tzinfo else found.replace(tzinfo=zone)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            "range.format",
            "Write times such as 2026-03-02T14:00 or 2026-03-02T06:00:00Z.",
            status=422,
        ) from error
