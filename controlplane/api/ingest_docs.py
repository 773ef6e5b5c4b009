"""The raw ingest routes → their part of the OpenAPI document; no framework writes it for them."""

from typing import Any

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
_ANSWERS = {
    "400": {"description": "data that will never be right"},
    "401": {"description": "no token, or not a valid one"},
    "403": {"description": "the token lacks ingest:write"},
    "413": {"description": "too large, before or after decompression"},
    "415": {"description": "content type or encoding not supported"},
    "503": {"description": "overloaded; try again after Retry-After"},
}


def _operation(
    summary: str, text: str, media: str, schema: dict[str, Any], ok: str
) -> dict[str, Any]:
    return {
        "post": {
            "tags": ["ingest"],
            "summary": summary,
            "description": text,
            "operationId": summary.lower().replace(" ", "_"),
            "security": [{"Bearer": []}],
            "requestBody": {"required": True, "content": {media: {"schema": schema}}},
            "responses": {ok: {"description": "committed"}, **_ANSWERS},
        }
    }


_TEXT = {"type": "string"}
_BINARY = {"type": "string", "format": "binary"}
ROUTES = {
    "/api/v1/ingest": _operation(
        "Push JSON", "A batch, all or nothing; `?partial=1` stores the valid points.",
        "application/json", _BATCH, "200",
    ),
    "/api/v1/ingest/exposition": _operation(
        "Push exposition", "A Prometheus text body; `?workload=` names whose series they are.",
        "text/plain", _TEXT, "200",
    ),
    "/api/v1/write": _operation(
        "Remote write", "Prometheus remote-write 1.0: snappy-compressed protobuf.",
        "application/x-protobuf", _BINARY, "204",
    ),
}  # fmt: skip


def with_ingest(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the ingest routes added."""
    return {**document, "paths": {**ROUTES, **document["paths"]}}
