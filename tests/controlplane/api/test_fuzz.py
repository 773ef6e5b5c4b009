"""Thousands of mutated requests to every route: refused or served, and never a fault of ours."""

import json
import random
from typing import Any
from urllib.parse import quote

import pytest

from controlplane.api.urls import openapi
from controlplane.workloads.models import Workload
from tests.controlplane.api.conftest import NOW, Machine
from tests.controlplane.decisions.looks import decided
from tests.factories import chat_document

pytestmark = pytest.mark.system
SEED, REQUESTS = 20260302, 2500
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**18, 10**29, -(10**29), 1e300, "", " ", "x", "\x00", "\u202e", "😀",
    "é" * 3000, "../../etc/passwd", "' OR 1=1 --", "{{7*7}}", "%n%s", "1e9999", "NaN", "999999999d",
    "-5m", "5", "0s", "200ms", "100%", "1000%", [], [[]], {}, {"a": 1}, [None] * 50, {"": ""},
    "2026-03-02T12:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
)  # fmt: skip
BODIES: tuple[Any, ...] = (
    chat_document(),
    {"size": 3, "duration_seconds": 60, "reason": "launch"},
    {"name": "new", "scopes": ["read"]},
)


def mutated(value: Any, luck: random.Random) -> Any:
    """The same tree with one node replaced, dropped, doubled or renamed."""
    if isinstance(value, dict) and value and luck.random() < 0.85:
        return _mutated_object(dict(value), luck)
    if isinstance(value, list) and value and luck.random() < 0.85:
        items = list(value)
        index = luck.randrange(len(items))
        if luck.random() < 0.2:
            return items * 30
        items[index] = mutated(items[index], luck)
        return items
    return luck.choice(ODD)


def _mutated_object(found: dict[str, Any], luck: random.Random) -> dict[str, Any]:
    key = luck.choice(list(found))
    fate = luck.random()
    if fate < 0.15:
        found.pop(key)
    elif fate < 0.3:
        found[str(luck.choice(ODD))[:20] + key] = found.pop(key)
    else:
        found[key] = mutated(found[key], luck)
    return found


def body_of(luck: random.Random) -> bytes:
    value: Any = luck.choice(BODIES)
    for _change in range(luck.randint(1, 3)):
        value = mutated(value, luck)
    data = json.dumps(value).encode()
    if luck.random() < 0.2:
        cut = luck.randrange(len(data) + 1)
        data = data[:cut] + luck.randbytes(luck.randint(0, 5)) + data[cut + luck.randint(0, 3) :]
    return data


def query_of(operation: dict[str, Any], luck: random.Random) -> str:
    names = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
    chosen = [name for name in [*names, "nonsense"] if luck.random() < 0.3]
    return "&".join(f"{name}={quote(str(luck.choice(ODD))[:300])}" for name in chosen)


def test_no_request_whatever_makes_the_api_fail(
    admin: Machine, chat: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    luck = random.Random(SEED)  # noqa: S311 - which requests to send
    decision = decided(chat, 9, now=NOW)[0].public_id
    routes = [
        (path.removeprefix("/api/v1"), method, operation)
        for path, item in openapi()["paths"].items()
        for method, operation in item.items()
        if operation["tags"] not in (["ingest"], ["health"])
    ]
    failed = []
    for number in range(REQUESTS):
        path, method, operation = luck.choice(routes)
        odd = quote(str(luck.choice(ODD))[:80], safe="") or "x"
        names = {"name": "chat-7b", "public_id": decision, "prefix": "abcdefgh"}
        if luck.random() < 0.15:
            names = dict.fromkeys(names, odd)
        body = body_of(luck) if method in {"post", "put"} else b""
        address = f"{path.format(**names)}?{query_of(operation, luck)}"
        answer = admin(method.upper(), address, body, if_match="*")
        if answer.status_code >= 500:
            failed.append((number, method, address[:200], body[:300], answer.content[:200]))
        if not Workload.objects.filter(name="chat-7b").exists():
            admin("POST", "/workloads", chat_document())

    assert failed == []
