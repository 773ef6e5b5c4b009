"""Every refusal → one shape: application/problem+json with a stable code."""

from typing import Any

import orjson
import structlog
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from controlplane.common.errors import Overloaded, ProductError

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


def install(api: NinjaAPI) -> None:
    """Teach the API our shape for its own errors and for ours."""
    api.add_exception_handler(ProductError, _product)
    api.add_exception_handler(ValidationError, _validation)
    api.add_exception_handler(AuthenticationError, _authentication)
    api.add_exception_handler(HttpError, _http)


def _product(_request: HttpRequest, error: Any) -> HttpResponse:
    faults = [
        {"pointer": fault.pointer, "code": fault.code, "message": fault.message[:200]}
        for fault in error.faults
    ]
    answer = problem(error.status, error.code, error.title, error.detail, errors=faults)
    if isinstance(error, Overloaded):
        answer["Retry-After"] = str(error.retry_after)
    return answer


def _validation(_request: HttpRequest, error: Any) -> HttpResponse:
    faults = [
        {
            "pointer": "/" + "/".join(str(part) for part in item["loc"]),
            "code": str(item["type"]),
            "message": str(item["msg"])[:200],
        }
        for item in error.errors
    ]
    detail = f"{faults[0]['pointer']}: {faults[0]['message']}" if faults else "Not valid."
    return problem(422, "request.invalid", "The request is not valid", detail, errors=faults)


def _authentication(_request: HttpRequest, _error: Any) -> HttpResponse:
    detail = "Send a token (Authorization: Bearer tw_…) or log in."
    return problem(401, "auth.missing", "Authentication is needed", detail)


def _http(_request: HttpRequest, error: Any) -> HttpResponse:
    return problem(error.status_code, "request.refused", "The request was refused", str(error))
