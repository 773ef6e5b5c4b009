"""POSTed samples → stored, and an answer: a raw ASGI app that stands beside Django.

Django's own path under ASGI costs 1.5 ms a request, as much as storing a thousand samples; these
routes need nothing of it. Each request goes through the same numbered steps in `_take`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import monotonic, perf_counter
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import structlog

from controlplane.common import clock, instruments
from controlplane.common.errors import InvalidInput, Overloaded, ProductError, WrongMedia
from controlplane.metrics.catalogue.signals import signals
from controlplane.metrics.ingest import Offer, Receipt
from controlplane.metrics.receivers import answers
from controlplane.metrics.receivers.answers import Answer
from controlplane.metrics.receivers.auth import Tokens, refuse_token_in_url
from controlplane.metrics.receivers.body import (
    Disconnected,
    Receive,
    Room,
    gunzipped,
    read_body,
)
from controlplane.metrics.receivers.writer import Writer
from controlplane.metrics.registry import Door
from controlplane.metrics.sample import Parsed, labels_fault
from controlplane.metrics.wire import exposition, json_push, remote_write

Scope = Mapping[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Reader = Callable[[bytes, Mapping[bytes, int]], Parsed]

MOST_IN_FLIGHT = 64
_PROTOCOLS = {
    "/api/v1/write": "remote_write",
    "/api/v1/ingest": "json",
    "/api/v1/ingest/exposition": "exposition",
}
_MEDIA = {
    "remote_write": ("application/x-protobuf",),
    "json": ("application/json",),
    "exposition": ("text/plain", "application/openmetrics-text"),
}
ROUTES: frozenset[str] = frozenset(_PROTOCOLS)

log = structlog.get_logger(__name__)
tokens = Tokens()
writer = Writer()
room = Room()
_logged: dict[tuple[str, str], float] = {}


@dataclass(frozen=True, slots=True)
class _Request:
    protocol: str
    method: str
    headers: Mapping[str, str]
    query: dict[str, list[str]]
    id: str

    @property
    def plain(self) -> bool:
        return self.protocol == "remote_write"

    def option(self, name: str) -> str:
        return self.query.get(name, [""])[-1]


class _InFlight:
    """How many requests are between their last byte and their answer."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> None:
        if self.count >= MOST_IN_FLIGHT:
            raise Overloaded("ingest.busy", "Too many requests at once; send this again.")
        self.count += 1

    def __exit__(self, *_: object) -> None:
        self.count -= 1


_in_flight = _InFlight()


async def ingest_app(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI: one of ROUTES in, one answer out."""
    request = _request(scope)
    try:
        answer = await _answered(request, receive)
    except Disconnected:
        instruments.ingest_requests.labels(request.protocol, "disconnected").inc()
        return
    headers = [*answer.headers, (b"content-length", str(len(answer.body)).encode())]
    if answer.status in (408, 413):
        headers.append((b"connection", b"close"))  # the rest of the body was not read
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _request(scope: Scope) -> _Request:
    headers = {name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]}
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    protocol = _PROTOCOLS[scope["path"]]
    return _Request(protocol, scope["method"], headers, query, uuid4().hex)


async def _answered(request: _Request, receive: Receive) -> Answer:
    try:
        return await _take(request, receive)
    except Exception as error:
        if isinstance(error, Disconnected):
            raise
        return _refused(request, error)


async def _take(request: _Request, receive: Receive) -> Answer:
    """1. method, 2. token, 3. media type, 4. body, 5. parse and store, 6. answer."""
    if request.method != "POST":
        raise answers.BadMethod("method.not_allowed", "Send samples with POST.")
    refuse_token_in_url(request.query)
    team = await tokens.team(request.headers.get("authorization", ""), writer.call)
    media = _media(request)
    zipped = _encoding(request)
    workload = _workload(request)
    with room.guest(team) as grow:
        length = request.headers.get("content-length")
        body = await read_body(receive, length=length, grow=grow)
        started = perf_counter()
        # Counted only now: slow senders that still drip their bodies take nobody's place.
        with _in_flight:
            now = clock.now()
            parse = _parser(request.protocol, media, now)
            whole = request.protocol == "json" and request.option("partial") not in ("1", "true")
            parsing = partial(_parsed, parse, body, zipped=zipped)
            offer = Offer(team, Door(request.protocol, workload), parsing, now, whole)
            receipt = await writer.store(offer)
    instruments.ingest_seconds.labels(request.protocol).observe(perf_counter() - started)
    return _accepted(request, receipt)


def _parsed(parse: Reader, body: bytes, known: Mapping[bytes, int], *, zipped: bool) -> Parsed:
    """Inflating belongs to the writer's thread, one body at a time, and not to the event loop."""
    return parse(gunzipped(body) if zipped else body, known)


def _media(request: _Request) -> str:
    """The media type without parameters, once it is one of this door's."""
    given = request.headers.get("content-type", "")
    media, _, parameters = given.lower().partition(";")
    known = _MEDIA[request.protocol]
    if media.strip() not in known:
        raise WrongMedia("media.type", f"Send Content-Type: {' or '.join(known)}.")
    proto = parameters.replace(" ", "").strip(";")
    if request.plain and proto not in ("", "proto=prometheus.writerequest"):
        raise WrongMedia("media.type", "Send remote-write 1.0: proto=prometheus.WriteRequest.")
    return media.strip()


def _encoding(request: _Request) -> bool:
    """Whether the body is gzip; remote-write is always snappy."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if request.protocol == "remote_write":
        if encoding != "snappy":
            raise WrongMedia("media.encoding", "Send Content-Encoding: snappy (block format).")
        return False
    if encoding not in ("", "identity", "gzip"):
        raise WrongMedia("media.encoding", "Send gzip or no Content-Encoding.")
    return encoding == "gzip"


def _workload(request: _Request) -> str:
    workload = request.option("workload")
    wrong = labels_fault((("workload", workload),)) if workload else None
    if wrong is not None:
        raise InvalidInput(wrong[0], f"?workload=: {wrong[1]}")
    return workload


def _parser(protocol: str, media: str, now: datetime) -> Reader:
    now_ms = round(now.timestamp() * 1000)
    if protocol == "remote_write":
        return remote_write.parse
    if protocol == "json":
        return partial(json_push.parse, now_ms=now_ms, signals=signals())
    openmetrics = media == "application/openmetrics-text"
    return partial(exposition.parse, now_ms=now_ms, openmetrics=openmetrics)


def _accepted(request: _Request, receipt: Receipt) -> Answer:
    outcome = "partial" if receipt.rejected else "accepted"
    instruments.ingest_requests.labels(request.protocol, outcome).inc()
    if not receipt.rejected:
        if request.plain:
            return Answer(204)
        return answers.document({"accepted": receipt.accepted})
    code = receipt.faults[0].code
    instruments.ingest_rejected.labels(request.protocol, code).inc()
    counts = {"accepted": receipt.accepted, "rejected": receipt.rejected}
    if request.protocol == "json":
        return answers.document({**counts, "errors": answers.errors(receipt.faults)}, status=207)
    detail = (
        f"{receipt.faults[0].message} {receipt.rejected} samples were refused,"
        f" {receipt.accepted} are stored."
    )
    error = InvalidInput(code, detail, faults=receipt.faults)
    return answers.refused(error, request_id=request.id, plain=request.plain, extra=counts)


def _refused(request: _Request, error: Exception) -> Answer:
    known = answers.as_product_error(error)
    if known is None:
        log.error("ingest.failed", protocol=request.protocol, id=request.id, exc_info=error)
        known = answers.Faulty("internal", "This is our fault; send it again later.")
    outcome = "overloaded" if isinstance(known, Overloaded) else "refused"
    instruments.ingest_requests.labels(request.protocol, outcome).inc()
    instruments.ingest_rejected.labels(request.protocol, known.code).inc()
    _log_once_a_minute(request, known)
    return answers.refused(known, request_id=request.id, plain=request.plain, extra={})


def _log_once_a_minute(request: _Request, error: ProductError) -> None:
    key = (request.protocol, error.code)
    now = monotonic()
    if now - _logged.get(key, -60.0) >= 60.0:
        _logged[key] = now
        log.info("ingest.refused", protocol=request.protocol, code=error.code, id=request.id)
