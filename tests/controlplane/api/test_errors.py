"""Whatever is sent, the answer is a problem with a stable code, and never a page or a trace."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.db import DataError, InterfaceError, OperationalError

from controlplane.api.views import workloads as views
from controlplane.workloads.models import Override, Workload
from tests.controlplane.api.conftest import Machine

OVERRIDE = "/workloads/chat-7b/override"


def code(answer: Any) -> str:
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"] == f"urn:tidewise:problem:{problem['code']}"
    assert set(problem) == {"type", "title", "status", "code", "detail", "errors", "request_id"}
    return str(problem["code"])


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        (b"{", 400, "json.syntax"),
        (b"nonsense", 400, "json.syntax"),
        (b'{"size": 3,}', 400, "json.syntax"),
        (b'{"size": NaN, "duration_seconds": 60}', 400, "value.not_finite"),
        (b'{"size": 3, "duration_seconds": Infinity}', 400, "value.not_finite"),
        (b'{"size": 3, "duration_seconds": -Infinity}', 400, "value.not_finite"),
        (b'{"size": 3, "duration_seconds": 1e999}', 400, "value.not_finite"),
        (b'{"size": ' + b"9" * 5000 + b"}", 400, "value.range"),
        (b'{"size": 3, "size": 300}', 400, "json.duplicate_key"),
        (b'{"reason": "a\\u0000b"}', 400, "text.nul"),
        (b'{"rea\\u0000son": "a"}', 400, "text.nul"),
        (b'{"reason": "\\ud800"}', 400, "text.surrogate"),
        (b'{"reason": "\xff"}', 400, "json.utf8"),
        (b'\xef\xbb\xbf{"size": 3}', 400, "json.utf8"),
        ('{"size": 3}'.encode("utf-16"), 400, "json.utf8"),
        (b"[" * 100_000 + b"]" * 100_000, 400, "json.depth"),
        (b'{"a":' * 30 + b"1" + b"}" * 30, 400, "json.depth"),
        (b"x" * (1024 * 1024 + 1), 413, "body.too_large"),
        (b"[]", 422, "request.invalid"),
        (b"null", 422, "request.invalid"),
        (b'"x"', 422, "request.invalid"),
        (b"", 422, "request.invalid"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_a_body_that_is_no_good_json_is_refused(
    admin: Machine, chat: Workload, body: bytes, status: int, expected: str
) -> None:
    answer = admin("POST", OVERRIDE, body)

    assert (answer.status_code, code(answer)) == (status, expected)
    assert len(answer.content) < 2000
    assert not Override.objects.exists()


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_a_body_of_another_type_is_refused(admin: Machine, chat: Workload, media: str) -> None:
    body = json.dumps({"size": 3, "duration_seconds": 60}).encode()
    answer = admin("POST", OVERRIDE, body, media=media)

    assert (answer.status_code, code(answer)) == (415, "media.type")
    assert not Override.objects.exists()


def test_json_with_a_charset_is_json(admin: Machine, chat: Workload) -> None:
    body = json.dumps({"size": 3, "duration_seconds": 60}).encode()

    assert admin("POST", OVERRIDE, body, media="application/json; charset=utf-8").status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "expected"),
    [
        ("limit=0", 422, "request.invalid"),
        ("limit=501", 422, "request.invalid"),
        ("limit=1000000000", 422, "request.invalid"),
        ("limit=-1", 422, "request.invalid"),
        ("limit=ten", 422, "request.invalid"),
        ("limit=1&limit=2", 400, "query.repeated"),
        ("cursor=1", 400, "query.cursor"),
        ("cursor=1:abc", 400, "query.cursor"),
        ("cursor=" + "x" * 201, 422, "request.invalid"),
        ("limmit=5", 422, "query.unknown"),
        ("cursor=%00", 400, "text.nul"),
        ("format=csv", 422, "query.unknown"),
    ],
)
def test_a_query_that_means_nothing_is_refused(
    admin: Machine, query: str, status: int, expected: str
) -> None:
    answer = admin("GET", f"/workloads?{query}")

    assert (answer.status_code, code(answer)) == (status, expected)


def test_a_misspelt_parameter_is_answered_with_the_right_one(admin: Machine) -> None:
    fault = admin("GET", "/decisions?worklod=chat-7b").json()["errors"][0]

    assert fault["pointer"] == "/query/worklod"
    assert fault["message"] == "unknown parameter 'worklod'; did you mean 'workload'?"


def test_a_parameter_is_unknown_also_where_none_is_known(admin: Machine) -> None:
    assert code(admin("GET", "/signals?workload=chat-7b")) == "query.unknown"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/nothing",
        "/workloads/",
        "/workloads/a/b/c",
        "//workloads",
        "/../admin",
        "/decisions/",
    ],
)
def test_a_path_that_means_nothing_is_404_and_never_moved(admin: Machine, path: str) -> None:
    for method in ("GET", "POST"):
        answer = admin(method, path)

        assert (answer.status_code, code(answer)) == (404, "route.missing")


def test_a_nul_in_a_path_is_refused(admin: Machine, chat: Workload) -> None:
    assert code(admin("GET", "/workloads/chat%00")) == "text.nul"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/workloads", "GET, HEAD, OPTIONS, POST"),
        ("PATCH", "/workloads/chat-7b", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("GET", "/workloads/chat-7b/pause", "OPTIONS, POST"),
        ("TRACE", "/decisions", "GET, HEAD, OPTIONS"),
        ("BREW", "/audit", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_method_that_is_not_taken_is_405_with_those_that_are(
    admin: Machine, method: str, path: str, allowed: str
) -> None:
    answer = admin(method, path)

    assert (answer.status_code, code(answer)) == (405, "request.method")
    assert answer["Allow"] == allowed


def test_a_method_in_a_header_changes_nothing(admin: Machine, chat: Workload) -> None:
    answer = admin("GET", "/workloads/chat-7b", x_http_method_override="DELETE", if_match="*")

    assert answer.status_code == 200
    assert Workload.objects.exists()


def test_options_says_what_is_taken(nobody: Machine) -> None:
    answer = nobody("OPTIONS", "/workloads")

    assert (answer.status_code, answer["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")


def test_head_is_get_without_a_body(admin: Machine, chat: Workload) -> None:
    answer = admin("HEAD", "/workloads/chat-7b")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["ETag"] == chat.etag


@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [
        (OperationalError("the server closed the connection"), 503, "store.busy"),
        (InterfaceError("connection already closed"), 503, "store.busy"),
        (DataError("value too long for type character varying(63)"), 400, "value.range"),
        (RuntimeError("secret path /srv/tidewise"), 500, "server.error"),
    ],
)
def test_a_fault_of_ours_says_nothing_about_our_inside(
    admin: Machine, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, expected: str
) -> None:
    def fail(*_args: object, **_words: object) -> None:
        raise error

    monkeypatch.setattr(views, "page", fail)
    answer = admin("GET", "/workloads")

    assert (answer.status_code, code(answer)) == (status, expected)
    assert str(error) not in answer.content.decode()
    assert (answer.get("Retry-After") is not None) == (status == 503)


@pytest.mark.parametrize("path", ["/workloads", "/workloads/absent", "/audit"])
def test_nothing_that_is_a_teams_own_is_kept_by_a_cache(admin: Machine, path: str) -> None:
    answer = admin("GET", path)

    assert answer["Cache-Control"] == "no-store"


def test_markup_in_what_is_echoed_stays_data(admin: Machine) -> None:
    answer = admin("GET", "/workloads/%3Cscript%3Ealert(1)%3C%2Fscript%3E")

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("text", ["' OR 1=1 --", "%", "_", "\\", "chat-7b'; DROP TABLE"])
def test_signs_that_mean_something_to_a_database_mean_nothing(
    admin: Machine, chat: Workload, text: str
) -> None:
    assert admin("GET", f"/decisions?workload={quote(text)}").json()["items"] == []
