"""Decisions → their trail in words. A decision never changes, so its words are kept."""

from collections.abc import Iterable, Sequence
from datetime import tzinfo

import structlog

from controlplane.dashboard.presenters.quantities import ABSENT
from controlplane.decisions.models import DecisionRecord
from scaler.engine.decision import Decision
from scaler.engine.sentences import LANGUAGES, explain
from scaler.engine.trail import load_decision

log = structlog.get_logger(__name__)
MOST_KEPT = 20_000
_kept: dict[tuple[str, str, str], str] = {}


def sentences(public_ids: Iterable[str], *, language: str, zone: tzinfo) -> dict[str, str]:
    """Public id → its sentence; at most one query, for those that were never read before."""
    tongue, place = spoken(language), str(zone)
    wanted = set(public_ids)
    missing = [one for one in wanted if (one, tongue, place) not in _kept]
    if missing:
        rows = DecisionRecord.objects.filter(public_id__in=missing).only("public_id", "trail")
        _keep(rows, tongue, zone)
    return {one: _kept[one, tongue, place] for one in wanted if (one, tongue, place) in _kept}


def _keep(rows: Iterable[DecisionRecord], tongue: str, zone: tzinfo) -> None:
    if len(_kept) > MOST_KEPT:
        _kept.clear()
    for row in rows:
        _kept[row.public_id, tongue, str(zone)] = _words(row, tongue, zone)


def _words(row: DecisionRecord, tongue: str, zone: tzinfo) -> str:
    decision = readable(row)
    try:
        return explain(decision, tongue, zone) if decision else ABSENT
    except KeyError as error:  # a reason that this version does not know
        log.warning("trail.unspoken", decision=row.public_id, reason=str(error))
        return ABSENT


def readable(row: DecisionRecord) -> Decision | None:
    """The stored trail as the engine's value; None when another version wrote it differently."""
    try:
        return load_decision(row.trail)
    except (ValueError, TypeError, KeyError) as error:
        log.warning("trail.unreadable", decision=row.public_id, reason=str(error))
        return None


def spoken(language: str) -> str:
    """The engine's word for a language; it speaks these two."""
    return language if language in LANGUAGES else LANGUAGES[0]


def worded(rows: Sequence[DecisionRecord], *, language: str, zone: tzinfo) -> dict[str, str]:
    """The same for rows whose trail is loaded already: no query."""
    tongue = spoken(language)
    _keep(rows, tongue, zone)
    return {row.public_id: _kept[row.public_id, tongue, str(zone)] for row in rows}
