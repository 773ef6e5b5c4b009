"""Samples of one team → stored for good: the single door, whatever way they came in.

accept   parse → check → store → tell
backfill old samples, past the late window and the log: what a demo or an import loads
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import RLock
from time import monotonic

import numpy as np
import structlog
from django.db import IntegrityError

from controlplane.accounts.models import Team
from controlplane.common import instruments, pulse
from controlplane.common.errors import Fault, InvalidInput, Overloaded, Unauthenticated
from controlplane.metrics.catalogue.mapping import bind
from controlplane.metrics.registry import Door, TeamSeries
from controlplane.metrics.sample import (
    Columns,
    Floats,
    Identity,
    Ints,
    Kind,
    Parsed,
    Source,
    sorted_labels,
)
from controlplane.metrics.screen import Screened, limited, screen
from controlplane.metrics.stores.base import Merged, Pending
from controlplane.metrics.stores.embedded import EmbeddedStore
from controlplane.metrics.wire.collect import Collector

log = structlog.get_logger(__name__)
store = EmbeddedStore()
ANNOUNCE_EVERY = 1.0  # seconds between two pulses for one workload
MOST_ANNOUNCED = 10_000  # workloads whose last pulse is remembered

Parse = Callable[[Mapping[bytes, int]], Parsed]


@dataclass(frozen=True, slots=True)
class Offer:
    """One request: whose, how to read it, and whether it is to be stored whole or not at all."""

    team: int
    door: Door
    parse: Parse
    now: datetime
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a request's samples. `faults` holds the first ten reasons."""

    accepted: int
    dropped: int = 0
    rejected: int = 0
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """Past samples of one signal: `ts_ms` and `values` of one shape (n,), in any order."""

    signal: str
    labels: Mapping[str, str]
    ts_ms: Ints
    values: Floats
    kind: Kind = Kind.GAUGE


@dataclass(frozen=True, slots=True)
class _Ready:
    pending: Pending
    series: TeamSeries
    screened: Screened


Pairs = frozenset[tuple[str, str]]  # (signal, workload label or "")
Listener = Callable[[int, Pairs], None]
_lock = RLock()
_teams: dict[int, TeamSeries] = {}
_listeners: list[Listener] = []
_announced: dict[tuple[int, str], float] = {}


def subscribe(listener: Listener) -> None:
    """Have `listener(team, pairs)` called after every commit; its errors hurt nobody."""
    if listener not in _listeners:
        _listeners.append(listener)


def accept(
    team: int,
    parsed: Parsed,
    *,
    protocol: str,
    now: datetime,
    workload: str = "",
    whole: bool = False,
) -> Receipt:
    """Store samples that were parsed without known series. Durable when it returns.

    Raises InvalidInput when `whole` and anything is wrong, Overloaded when the store cannot write.
    """
    offer = Offer(team, Door(protocol, workload), lambda _known: parsed, now, whole)
    (outcome,) = accept_all([offer])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def accept_all(offers: Sequence[Offer]) -> list[Receipt | Exception]:
    """Several requests with one commit; an error of one is its outcome and leaves the rest alone.

    1. read and check each, 2. make all that is left durable together, 3. tell the listeners.
    """
    with _lock:
        outcomes = [_ready(offer) for offer in offers]
        ready = [one for one in outcomes if isinstance(one, _Ready)]
        failures = _write(ready)
        for one in ready:
            if id(one) not in failures:
                one.series.seen(one.screened.slots, one.screened.columns.ts_ms)
    receipts: list[Receipt | Exception] = []
    for offer, outcome in zip(offers, outcomes, strict=True):
        if not isinstance(outcome, _Ready):
            receipts.append(outcome)
        else:
            receipts.append(failures.get(id(outcome)) or _receipt(offer, outcome.screened))
    _tell([one for one in ready if id(one) not in failures])
    return receipts


def _ready(offer: Offer) -> _Ready | Exception:
    series = None
    try:
        series = _series_of(offer.team)
        return _prepared(offer, series)
    except Exception as error:  # noqa: BLE001 - one request's error must not cost its neighbours
        return _worded(error, offer.team)
    finally:
        if series is not None:
            series.release()


def _prepared(offer: Offer, series: TeamSeries) -> _Ready:
    parsed = offer.parse(series.known(offer.door))
    screened = screen(parsed, series, offer.door, now=offer.now)
    if offer.whole:
        _refuse_partial(offer, screened)
    screened = limited(screened, series, now=offer.now, whole=offer.whole)
    if offer.whole:
        _refuse_partial(offer, screened)
    return _Ready(Pending(offer.team, screened.columns, offer.now), series, screened)


def _series_of(team: int) -> TeamSeries:
    found = _teams.get(team)
    if found is None or not found.trustworthy():
        found = _teams[team] = TeamSeries(team, store)
    return found


def _refuse_partial(offer: Offer, screened: Screened) -> None:
    if not screened.faults:
        return
    count(offer.door.protocol, screened.refused)
    count(offer.door.protocol, {"withheld": len(screened.columns)})
    first = screened.faults[0]
    over_limit = set(screened.refused) == {"series.limit"}
    detail = f"{first.message} Nothing was stored; ?partial=1 stores what is right."
    raise InvalidInput(
        first.code, detail, faults=screened.faults, status=422 if over_limit else 400
    )


def _write(ready: Sequence[_Ready]) -> dict[int, Exception]:
    """Make all durable with one commit → what went wrong, by id(); nothing for most groups.

    When the store is well and yet refuses the group, one of it is to blame: then each is tried
    alone, so that it fails alone.
    """
    filled = [one for one in ready if len(one.pending.columns)]
    if not filled:
        return {}
    try:
        store.append([one.pending for one in filled])
    except Exception as error:  # noqa: BLE001 - becomes the answer of the requests it concerns
        if len(filled) > 1 and not isinstance(error, Overloaded):
            return {key: bad for one in filled for key, bad in _write([one]).items()}
        return {id(one): _worded(error, one.pending.team) for one in filled}
    return {}


def _worded(error: Exception, team: int) -> Exception:
    """A team that was deleted while its samples were on their way is a token that was revoked."""
    if isinstance(error, IntegrityError) and not Team.objects.filter(pk=team).exists():
        return Unauthenticated("auth.invalid", "This token is not valid.")
    return error


def _receipt(offer: Offer, screened: Screened) -> Receipt:
    protocol = offer.door.protocol
    accepted = len(screened.columns)
    count(protocol, {"accepted": accepted, "dropped": screened.dropped, **screened.refused})
    return Receipt(accepted, screened.dropped, screened.rejected, screened.faults)


def count(protocol: str, outcomes: Mapping[str, int]) -> None:
    """Samples by outcome: accepted, dropped, withheld, or the code they were refused with."""
    for outcome, samples in outcomes.items():
        if samples:
            instruments.ingest_samples.labels(protocol, outcome).inc(samples)


def _tell(ready: Sequence[_Ready]) -> None:
    news: dict[int, set[tuple[str, str]]] = {}
    for one in ready:
        pairs = np.unique(one.series.table["pair"][one.screened.slots])
        heard = news.setdefault(one.pending.team, set())
        heard.update(one.series.pairs[index] for index in pairs.tolist())
    for team, heard in news.items():
        if heard:
            _publish(team, frozenset(heard))


def _publish(team: int, pairs: Pairs) -> None:
    for listener in tuple(_listeners):
        try:
            listener(team, pairs)
        except Exception:
            log.exception("ingest.listener_failed", listener=getattr(listener, "__name__", "?"))
    now = monotonic()
    for workload in {workload for _, workload in pairs}:
        key = (team, workload)
        if now - _announced.get(key, -ANNOUNCE_EVERY) >= ANNOUNCE_EVERY:
            if len(_announced) > MOST_ANNOUNCED:
                _announced.clear()
            _announced[key] = now
            pulse.announce("samples", team=team, ref=workload)


def backfill(team: int, runs: Iterable[Run], *, now: datetime) -> Merged:
    """Store past samples at once, whatever their age. Non-finite values are refused.

    Raises ValueError for values outside the signal's bounds: an import that is wrong should stop.
    """
    gathered = [(_identity(run), run) for run in runs]
    with _lock:
        ids = store.register(team, [identity for identity, _ in gathered], now=now)
    columns = Columns(
        np.repeat(np.array(ids, np.int64), [run.ts_ms.size for _, run in gathered]),
        np.concatenate(
            [np.asarray(run.ts_ms, np.int64) for _, run in gathered] or [np.zeros(0, np.int64)]
        ),
        np.concatenate(
            [np.asarray(run.values, np.float64) for _, run in gathered] or [np.zeros(0)]
        ),
    )
    return store.backfill(team, columns, now=now)


def _identity(run: Run) -> Identity:
    labels = sorted_labels({name: value for name, value in run.labels.items() if value})
    bound = bind(Source(run.signal, labels, run.kind, canonical=True))
    if bound is None:
        raise ValueError(f"{run.signal} is not stored")
    low, high = bound.bounds
    if run.values.size and not bool(((run.values >= low) & (run.values <= high)).all()):
        raise ValueError(f"{run.signal}: values must be numbers between {low:g} and {high:g}")
    return bound.identity


def accept_own(
    team: int, samples: Sequence[tuple[str, Mapping[str, str], float]], *, now: datetime
) -> Receipt:
    """What the product measured itself: (signal, labels, value) at `now`. Raises as `accept`."""
    collector = Collector({})
    stamp = round(now.timestamp() * 1000)
    for signal, labels, value in samples:
        source = Source(signal, sorted_labels(labels), canonical=True)
        key = "\x00".join((signal, *(part for pair in source.labels for part in pair))).encode()
        if not collector.known(key):
            collector.introduce(key, source)
        collector.add(key, stamp, value)
    return accept(team, collector.parsed(), protocol="own", now=now, whole=True)
