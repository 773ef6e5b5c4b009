"""Bodies for Django have a bound before Django writes them to disk."""

from typing import Any

import orjson

from controlplane.api.limit import limited

CHUNK = b"x" * 1000


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Reads everything, as Django does, and then answers."""
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


async def ask(chunks: int, *, declared: bytes | None = None) -> tuple[int, bytes, int]:
    """Status, body, and how many chunks were read of a request with so many."""
    sent: list[Any] = []
    read = 0

    async def receive() -> Any:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": CHUNK, "more_body": read < chunks}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-length", declared)] if declared else []
    scope = {"type": "http", "headers": headers}
    await limited(echo, most=10_000)(scope, receive, send)
    return sent[0]["status"], sent[1]["body"], read


async def test_a_body_within_the_bound_passes() -> None:
    assert await ask(10) == (200, b"10000", 10)


async def test_a_body_without_end_is_cut_at_the_bound() -> None:
    status, body, read = await ask(10**9)

    assert (status, read) == (413, 11)
    assert orjson.loads(body)["code"] == "body.too_large"


async def test_a_body_that_says_it_is_too_large_is_not_read_at_all() -> None:
    status, _body, read = await ask(10**9, declared=b"10001")

    assert (status, read) == (413, 0)


async def test_a_length_that_is_no_number_is_not_believed() -> None:
    assert (await ask(3, declared=b"-1"))[0] == 200


async def test_other_scopes_pass_untouched() -> None:
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    await limited(app)({"type": "websocket", "headers": []}, None, None)

    assert seen == ["websocket"]
