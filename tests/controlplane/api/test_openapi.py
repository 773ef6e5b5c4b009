"""The document describes every route, and a machine can read it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from controlplane.api.urls import api, openapi
from controlplane.api.views.docs import operations
from controlplane.metrics.receivers.http import ROUTES

METHODS = {"get", "post", "put", "delete"}
TYPES = {"object", "array", "string", "number", "integer", "boolean", "null"}


def every() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in openapi()["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def schemas(value: Any) -> Iterator[dict[str, Any]]:
    """Every schema anywhere in the document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "schema" or (key == "items" and isinstance(inner, dict)):
                yield inner
            yield from schemas(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from schemas(inner)


def test_it_is_served_to_everybody(db: None) -> None:
    answer = Client().get("/api/v1/openapi.json")

    assert answer.status_code == 200
    assert answer.json() == json.loads(json.dumps(openapi()))


def test_it_is_openapi_three_one_with_what_that_requires() -> None:
    document = openapi()

    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"]
    assert document["info"]["version"]
    assert set(document["components"]["securitySchemes"]) == {"Bearer", "Session"}


def test_every_django_route_below_api_is_described() -> None:
    served = set()
    for pattern in get_resolver().url_patterns:
        for inner in getattr(pattern, "url_patterns", [pattern]):
            for last in getattr(inner, "url_patterns", []):
                if isinstance(last, URLPattern) and str(inner.pattern) == "api/v1/":
                    route = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(last.pattern))
                    served.add(f"/api/v1/{route}".rstrip("/"))
    described = set(openapi()["paths"])

    assert served - {"/api/v1"} <= described
    assert len(served) > 15


def test_every_raw_ingest_route_is_described() -> None:
    assert set(ROUTES) <= set(openapi()["paths"])


def test_health_is_described_too() -> None:
    assert {"/livez", "/readyz", "/metrics"} <= set(openapi()["paths"])


def test_operations_have_what_a_client_generator_needs() -> None:
    ids = []
    for path, method, operation in every():
        where = f"{method} {path}"
        assert method in METHODS, where
        assert operation["summary"], where
        assert operation["tags"], where
        assert any(code.startswith("2") for code in operation["responses"]), where
        assert all(answer["description"] for answer in operation["responses"].values()), where
        ids.append(operation["operationId"])

    assert len(ids) == len(set(ids))


def test_path_parameters_are_declared_and_required() -> None:
    for path, method, operation in every():
        named = set(re.findall(r"{(\w+)}", path))
        declared = {
            each["name"]: each for each in operation.get("parameters", []) if each["in"] == "path"
        }
        assert set(declared) == named, (method, path)
        assert all(each["required"] and each["schema"] for each in declared.values())


def test_references_and_security_schemes_resolve() -> None:
    document = openapi()
    text = json.dumps(document)

    for name in set(re.findall(r'"#/components/schemas/([^"]+)"', text)):
        assert name in document["components"]["schemas"], name
    assert not re.findall(r'"\$ref": "(?!#/components/schemas/)', text)
    for _path, _method, operation in every():
        for requirement in operation.get("security", []):
            assert set(requirement) <= set(document["components"]["securitySchemes"])


def test_schemas_use_the_types_of_json_schema() -> None:
    for schema in schemas(openapi()):
        kind = schema.get("type")
        kinds = kind if isinstance(kind, list) else [kind] if kind else []
        assert set(kinds) <= TYPES, schema
        assert "nullable" not in schema


def test_every_refusal_has_the_shape_of_a_problem() -> None:
    for path, method, operation in every():
        if path.startswith("/api/v1"):
            assert {"400", "401", "403", "503"} <= set(operation["responses"]), (method, path)
            for status, answer in operation["responses"].items():
                if status >= "400":
                    (media,) = answer["content"]
                    assert media == "application/problem+json", (method, path, status)


def test_changes_of_a_workload_declare_if_match() -> None:
    item = openapi()["paths"]["/api/v1/workloads/{name}"]

    for method in ("put", "delete"):
        names = {each["name"] for each in item[method]["parameters"]}
        assert "If-Match" in names
        assert {"412", "428"} <= set(item[method]["responses"])


def test_the_readable_page_lists_every_operation(db: None) -> None:
    listed = {(each["method"].lower(), each["path"]) for each in operations(openapi())}

    assert listed == {(method, path) for path, method, _operation in every()}


@pytest.mark.parametrize("path", ["/api/v1/docs", "/api/v1/openapi.json"])
def test_the_descriptions_are_read_only(db: None, path: str) -> None:
    assert Client().post(path).status_code == 405


def test_making_the_document_does_not_change_the_api() -> None:
    before = json.dumps(dict(api.get_openapi_schema()), default=str)
    openapi()

    assert json.dumps(dict(api.get_openapi_schema()), default=str) == before
