"""Ninja's OpenAPI document → the whole one: ingest, health, refusals and version headers too."""

from typing import Any

Json = dict[str, Any]

_POINT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["value"],
    "properties": {
        "signal": {"type": "string", "description": "canonical name, see GET /api/v1/signals"},
        "name": {"type": "string", "description": "a raw Prometheus name instead of a signal"},
        "workload": {"type": "string"},
        "value": {"type": "number"},
        "timestamp": {"type": "string", "format": "date-time", "description": "default: now"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_BATCH = {
    "type": "object",
    "additionalProperties": False,
    "required": ["points"],
    "properties": {"points": {"type": "array", "maxItems": 100_000, "items": _POINT}},
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details; `code` is stable, `errors` names at most ten places.",
    "required": ["type", "title", "status", "code", "detail", "errors", "request_id"],
    "properties": {
        **{name: {"type": "string"} for name in ("type", "title", "code", "detail", "request_id")},
        "status": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {name: {"type": "string"} for name in ("pointer", "code", "message")},
            },
        },
    },
}
_REFUSALS = {
    "400": "data that will never be right",
    "401": "no token, or not a valid one",
    "403": "the scope is missing",
    "404": "no such thing in this team",
    "409": "it conflicts with the present state",
    "412": "it changed since it was read",
    "413": "too large, before or after decompression",
    "415": "content type or encoding not supported",
    "422": "understood, and not valid",
    "428": "send If-Match",
    "503": "overloaded; try again after Retry-After",
}
_ALWAYS = ("400", "401", "403", "422", "503")
_INGEST = ("400", "401", "403", "413", "415", "503")
_VERSIONED = {("/api/v1/workloads/{name}", "put"), ("/api/v1/workloads/{name}", "delete")}
_CREATES = {("/api/v1/workloads", "post"), ("/api/v1/workloads/{name}/evaluate", "post")}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "the ETag that GET answered",
    "schema": {"type": "string"},
}


def complete(document: Json) -> Json:
    """The document with everything that Ninja does not know about."""
    paths = {path: _with_refusals(path, item) for path, item in document["paths"].items()}
    components = dict(document["components"])
    components["schemas"] = {**components["schemas"], "Problem": _PROBLEM}
    return {
        **document,
        "components": components,
        "paths": {**_ingest_routes(), **paths, **_probes()},
    }


def refusals(*statuses: str) -> Json:
    """Answers of these statuses, all of one shape."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {
            "description": _REFUSALS[status],
            "content": {"application/problem+json": schema},
        }
        for status in statuses
    }


def _with_refusals(path: str, item: Json) -> Json:
    return {method: _described(path, method, one) for method, one in item.items()}


def _described(path: str, method: str, operation: Json) -> Json:
    more = list(_ALWAYS)
    more += ["404"] if "{" in path else []
    more += ["413", "415"] if "requestBody" in operation else []
    more += ["412", "428", "409"] if (path, method) in _VERSIONED else []
    more += ["409"] if (path, method) in _CREATES else []
    found = dict(operation)
    found["responses"] = {
        **{str(status): answer for status, answer in operation["responses"].items()},
        **refusals(*sorted(set(more))),
    }
    if (path, method) in _VERSIONED:
        found["parameters"] = [*operation.get("parameters", []), _IF_MATCH]
    return found


def _ingest_routes() -> Json:
    binary = {"type": "string", "format": "binary"}
    return {
        "/api/v1/ingest": _ingest(
            "Push JSON",
            "A batch, all or nothing; `?partial=1` stores the valid points.",
            ("application/json", _BATCH),
            "200",
        ),
        "/api/v1/ingest/exposition": _ingest(
            "Push exposition",
            "A Prometheus text body; `?workload=` names whose series they are.",
            ("text/plain", {"type": "string"}),
            "200",
        ),
        "/api/v1/write": _ingest(
            "Remote write",
            "Prometheus remote-write 1.0: snappy-compressed protobuf.",
            ("application/x-protobuf", binary),
            "204",
        ),
    }


def _ingest(summary: str, text: str, body: tuple[str, Json], ok: str) -> Json:
    media, schema = body
    return {
        "post": {
            "tags": ["ingest"],
            "summary": summary,
            "description": text,
            "operationId": summary.lower().replace(" ", "_"),
            "security": [{"Bearer": []}],
            "requestBody": {"required": True, "content": {media: {"schema": schema}}},
            "responses": {ok: {"description": "committed"}, **refusals(*_INGEST)},
        }
    }


def _probes() -> Json:
    """Health, for orchestrators and Prometheus; the first two need no token."""
    text = {"text/plain": {"schema": {"type": "string"}}}
    json = {"application/json": {"schema": {"type": "object"}}}
    return {
        "/livez": _probe("Alive", "The process answers.", text, {}),
        "/readyz": _probe(
            "Ready",
            "Samples can be accepted; each check by name.",
            json,
            {"503": {"description": "not now", "content": json}},
        ),
        "/metrics": _probe(
            "Own metrics",
            "Prometheus text of this process and of the token's team.",
            text,
            {"401": {"description": _REFUSALS["401"]}, "403": {"description": _REFUSALS["403"]}},
        ),
    }


def _probe(summary: str, text: str, content: Json, more: Json) -> Json:
    return {
        "get": {
            "tags": ["health"],
            "summary": summary,
            "description": text,
            "operationId": summary.lower().replace(" ", "_"),
            "security": [{"Bearer": []}] if "401" in more else [],
            "responses": {"200": {"description": "OK", "content": content}, **more},
        }
    }
