"""Every refusal → one shape: application/problem+json with a stable code."""

import difflib
from functools import partial
from typing import Any

import orjson
import structlog
from django.core.exceptions import RequestDataTooBig
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from controlplane.api.schemas.common import Input
from controlplane.common.errors import InvalidInput, Overloaded, ProductError, TooLarge

log = structlog.get_logger(__name__)


def problem(
    status: int, code: str, title: str, detail: str, *, errors: list[dict[str, str]] | None = None
) -> HttpResponse:
    """An RFC 9457 document; `errors` names at most ten places."""
    context = structlog.contextvars.get_contextvars()
    body = {
        "type": f"urn:tidewise:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail[:500],
        "errors": (errors or [])[:10],
        "request_id": str(context.get("request_id", "")),
    }
    answer = HttpResponse(
        orjson.dumps(body), status=status, content_type="application/problem+json"
    )
    if status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    return answer


def refused(error: ProductError) -> HttpResponse:
    """One of our own refusals."""
    faults = [
        {"pointer": fault.pointer, "code": fault.code, "message": fault.message[:200]}
        for fault in error.faults
    ]
    answer = problem(error.status, error.code, error.title, error.detail, errors=faults)
    if isinstance(error, Overloaded):
        answer["Retry-After"] = str(error.retry_after)
    return answer


def install(api: NinjaAPI) -> None:
    """Teach the API our shape for its own errors, for Django's and for ours."""
    ours: dict[type[Exception], ProductError] = {
        RequestDataTooBig: TooLarge("body.too_large", "A body may have 1 MiB here."),
        UnreadablePostError: InvalidInput("body.cut", "The body ended before its length."),
        OperationalError: Overloaded("store.busy", "The database cannot answer now; try again."),
        InterfaceError: Overloaded("store.busy", "The database cannot answer now; try again."),
        DataError: InvalidInput("value.range", "A value is out of the database's range."),
    }
    for kind, answer in ours.items():
        api.add_exception_handler(kind, partial(_known, answer=answer))
    api.add_exception_handler(ProductError, _ours)
    api.add_exception_handler(ValidationError, _validation)
    api.add_exception_handler(AuthenticationError, _authentication)
    api.add_exception_handler(HttpError, _http)
    api.add_exception_handler(Http404, lambda request, _error: no_route(request))
    api.add_exception_handler(Exception, _unexpected)


def _ours(_request: HttpRequest, error: Any) -> HttpResponse:
    return refused(error)


def _known(request: HttpRequest, error: Any, *, answer: ProductError) -> HttpResponse:
    if answer.status >= 500:
        log.warning("api.unavailable", path=request.path, error=type(error).__name__)
    return refused(answer)


def _validation(_request: HttpRequest, error: Any) -> HttpResponse:
    faults = [_fault(item) for item in error.errors]
    first = faults[0]
    detail = f"{first['pointer']}: {first['message']}"
    return problem(422, "request.invalid", "The request is not valid", detail, errors=faults)


def _fault(item: dict[str, Any]) -> dict[str, str]:
    """Pointers go into the body; what is wrong in the URL is found under /query and /path."""
    source, *places = (str(part) for part in item["loc"])
    # In a body the first place is the name of the view's argument, which no client knows.
    places = places[1:] if source == "body" else [source, *places]
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        known = {name for kind in Input.__subclasses__() for name in kind.model_fields}
        message = f"unknown key {places[-1][:60]!r}{suggestion(places[-1], known)}"
    return {
        "pointer": "/" + "/".join(places)[:200],
        "code": str(item["type"]),
        "message": message[:200],
    }


def suggestion(word: str, known: Any) -> str:
    """The known word that looks most like `word`, as the end of a sentence."""
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def _authentication(_request: HttpRequest, _error: Any) -> HttpResponse:
    detail = "Send a token (Authorization: Bearer tw_…) or log in."
    return problem(401, "auth.missing", "Authentication is needed", detail)


def _http(_request: HttpRequest, error: Any) -> HttpResponse:
    """Ninja's own errors. Whatever our parser raised comes wrapped in one."""
    if isinstance(error.__cause__, ProductError):
        return refused(error.__cause__)
    if error.status_code == 403:
        detail = "Send the CSRF token of the page in X-CSRFToken, or use a bearer token."
        return problem(403, "auth.csrf", "Not allowed", detail)
    return problem(error.status_code, "request.refused", "The request was refused", str(error))


def no_route(_request: HttpRequest) -> HttpResponse:
    """404 for a path below /api/v1 that means nothing."""
    detail = "There is no such route; /api/v1/docs lists them all."
    return problem(404, "route.missing", "Not found", detail)


def wrong_method(allowed: str) -> HttpResponse:
    """405 with the methods that would do."""
    detail = f"This route takes {allowed}."
    answer = problem(405, "request.method", "The method is not allowed here", detail)
    answer["Allow"] = allowed
    return answer


def _unexpected(request: HttpRequest, error: Any) -> HttpResponse:
    """A fault of ours: logged whole, told as nothing but a request id."""
    log.error("api.failed", path=request.path, exc_info=error)
    detail = "Something went wrong here; the request id finds it in the log."
    return problem(500, "server.error", "Something went wrong here", detail)
