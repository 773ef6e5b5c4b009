"""What became of a request → status, headers and body in the shape its sender expects."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.db import InterfaceError, OperationalError

from controlplane.common.errors import (
    Fault,
    Overloaded,
    ProductError,
    Unauthenticated,
    WrongMedia,
)

_MOST_ERRORS = 10
_MOST_TEXT = 512  # bytes; Prometheus logs the whole answer


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; header names are lower case as ASGI wants them."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = field(default=())


class BadMethod(ProductError):
    """405: these doors take POST only."""

    status = 405
    title = "Only POST is answered here"


class Slow(ProductError):
    """408: the body did not arrive in time."""

    status = 408
    title = "The body took too long"


class Faulty(ProductError):
    """500: a fault of ours; the sender should try again."""

    status = 500
    title = "Something went wrong here"


def as_product_error(error: Exception) -> ProductError | None:
    """The error in our own words; None when it is a bug, whose words are nobody's business."""
    if isinstance(error, ProductError):
        return error
    if isinstance(error, OperationalError | InterfaceError):
        return Overloaded("store.busy", "The store cannot answer now; send this again.")
    return None


def document(content: dict[str, Any], *, status: int = 200) -> Answer:
    """A JSON answer."""
    return Answer(status, orjson.dumps(content), ((b"content-type", b"application/json"),))


def refused(error: ProductError, *, request_id: str, plain: bool, extra: dict[str, int]) -> Answer:
    """`application/problem+json`, or for remote-write one line of text."""
    headers = _extra_headers(error)
    if plain:
        text = f"{error.code}: {error.detail}".encode()[:_MOST_TEXT]
        return Answer(
            error.status, text, ((b"content-type", b"text/plain; charset=utf-8"), *headers)
        )
    problem = {
        "type": f"urn:tidewise:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
        "errors": errors(error.faults),
        "request_id": request_id,
        **extra,
    }
    body = orjson.dumps(problem)
    return Answer(error.status, body, ((b"content-type", b"application/problem+json"), *headers))


def errors(faults: Sequence[Fault]) -> list[dict[str, str]]:
    """At most ten faults as they appear in an answer."""
    return [
        {"pointer": one.pointer, "code": one.code, "message": one.message}
        for one in faults[:_MOST_ERRORS]
    ]


def _extra_headers(error: ProductError) -> tuple[tuple[bytes, bytes], ...]:
    if isinstance(error, Unauthenticated):
        return ((b"www-authenticate", b"Bearer"),)
    if isinstance(error, Overloaded):
        return ((b"retry-after", str(error.retry_after).encode()),)
    if isinstance(error, WrongMedia) and error.code == "media.encoding":
        return ((b"accept-encoding", b"gzip"),)
    if isinstance(error, BadMethod):
        return ((b"allow", b"POST"),)
    return ()
