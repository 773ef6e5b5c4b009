"""The three doors, driven as ASGI: answers, codes and counters (H01 …)."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import cramjam
import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connections
from prometheus_client import REGISTRY

from controlplane.accounts.models import ApiToken, Team
from controlplane.accounts.services import ensure_team
from controlplane.common import clock
from controlplane.metrics import ingest, selectors
from controlplane.metrics.models import Batch, SeriesRow
from controlplane.metrics.receivers import body as body_module
from controlplane.metrics.receivers import http
from tests.conftest import make_token
from tests.controlplane.metrics.prompb import body as write_body
from tests.controlplane.metrics.prompb import label, page, sample

pytestmark = pytest.mark.django_db(
    transaction=True, available_apps=["controlplane.accounts", "controlplane.metrics"]
)

JSON = "/api/v1/ingest"
WRITE = "/api/v1/write"
TEXT = "/api/v1/ingest/exposition"
PROTOBUF = {
    "content-type": "application/x-protobuf",
    "content-encoding": "snappy",
    "x-prometheus-remote-write-version": "0.1.0",
}
POINT = {"signal": "service.request.rate", "workload": "chat-7b", "value": 12.5}
T = 1_772_452_800_000


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        if self.headers.get("content-type", "").startswith("text/plain"):
            return self.body.decode().partition(":")[0]
        return str(self.json["code"])


@dataclass(frozen=True, slots=True)
class Client:
    token: str
    row: ApiToken

    async def send(
        self,
        path: str,
        content: bytes | list[bytes],
        *,
        headers: dict[str, str] | None = None,
        query: str = "",
        method: str = "POST",
        token: str | None = None,
    ) -> Reply:
        parts = content if isinstance(content, list) else [content]
        given = {
            "authorization": f"Bearer {self.token if token is None else token}",
            "content-type": "application/json",
            **(headers or {}),
        }
        given = {name: text for name, text in given.items() if text}
        messages = [
            {"type": "http.request", "body": part, "more_body": index + 1 < len(parts)}
            for index, part in enumerate(parts)
        ]
        return await exchange(path, messages, given, query=query, method=method)

    async def push(self, *points: Any, **options: Any) -> Reply:
        return await self.send(JSON, json.dumps({"points": points}).encode(), **options)

    async def write(self, content: bytes, **headers: str) -> Reply:
        return await self.send(WRITE, content, headers={**PROTOBUF, **headers})


async def exchange(
    path: str, messages: list[Any], headers: dict[str, str], *, query: str, method: str
) -> Reply:
    waiting = iter(messages)
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(0)  # give way once, as a real server does
        return next(waiting)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), text.encode("latin-1")) for name, text in headers.items()],
    }
    await http.ingest_app(scope, receive, send)
    if not sent:
        return Reply(0, {}, b"")
    found = {name.decode(): text.decode() for name, text in sent[0]["headers"]}
    return Reply(sent[0]["status"], found, sent[1]["body"])


@pytest.fixture(autouse=True)
def _doors(monkeypatch: pytest.MonkeyPatch, noon: datetime) -> Iterator[None]:
    monkeypatch.setattr(clock, "now", lambda: noon)
    http.tokens.forget()
    yield
    http.writer.stop()


@pytest.fixture(autouse=True)
async def _no_connection_stays_open() -> AsyncIterator[None]:
    """Those of asgiref's thread would keep a PostgreSQL test database from being dropped."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture
def client(team_a: Team, noon: datetime) -> Client:
    row, text = make_token(team_a, "ingest:write", now=noon)
    return Client(text, row)


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def stored_values(team: Team, signal: str, noon: datetime) -> list[float]:
    found = selectors.listed(
        team.pk, signal, any_of=({},), span=(noon - timedelta(hours=1), noon + timedelta(hours=1))
    )
    return [value for row in found for value in row["points"][:, 1].tolist()]


values = sync_to_async(stored_values)
count = sync_to_async(lambda model: model.objects.count())


async def test_a_json_batch_is_stored_and_counted(
    client: Client, team_a: Team, noon: datetime
) -> None:
    before = counted("tidewise_ingest_samples_total", protocol="json", outcome="accepted")
    reply = await client.push(POINT, {**POINT, "timestamp": T - 5000, "value": 3})

    assert (reply.status, reply.json) == (200, {"accepted": 2})
    assert await values(team_a, "service.request.rate", noon) == [3.0, 12.5]
    after = counted("tidewise_ingest_samples_total", protocol="json", outcome="accepted")
    assert after - before == 2


async def test_remote_write_answers_204_and_stores(
    client: Client, team_a: Team, noon: datetime
) -> None:
    series = {"__name__": "vllm:num_requests_running", "model_name": "m", "workload": "chat-7b"}
    first = await client.write(page([(series, [(T - 15_000, 4.0)])]))
    second = await client.write(page([(series, [(T, 5.0)])]))

    assert (first.status, first.body, second.status) == (204, b"", 204)
    assert await values(team_a, "service.requests.running", noon) == [4.0, 5.0]


async def test_an_exposition_page_is_stored_for_the_workload_in_the_url(
    client: Client, team_a: Team, noon: datetime
) -> None:
    reply = await client.send(
        TEXT,
        b"# TYPE vllm:num_requests_waiting gauge\nvllm:num_requests_waiting 7\n",
        headers={"content-type": "text/plain; version=0.0.4"},
        query="workload=chat-7b",
    )
    row = await sync_to_async(SeriesRow.objects.get)()

    assert (reply.status, reply.json) == (200, {"accepted": 1})
    assert (row.signal, row.labels) == ("service.requests.waiting", {"workload": "chat-7b"})


async def test_the_url_s_workload_does_not_replace_the_sender_s(client: Client) -> None:
    series = {"__name__": "up", "workload": "own"}
    await client.send(WRITE, page([(series, [(T, 1.0)])]), headers=PROTOBUF, query="workload=url")
    row = await sync_to_async(SeriesRow.objects.get)()

    assert row.labels == {"workload": "own"}


@pytest.mark.parametrize("path", sorted(http.ROUTES))
async def test_no_token_is_401_with_a_challenge(client: Client, path: str) -> None:  # H01
    reply = await client.send(path, b"", headers={"authorization": ""})

    assert (reply.status, reply.code) == (401, "auth.missing")
    assert reply.headers["www-authenticate"] == "Bearer"


async def test_unknown_revoked_and_expired_tokens_get_one_answer(
    client: Client, team_a: Team, noon: datetime
) -> None:  # H02
    revoked, revoked_text = await sync_to_async(make_token)(team_a, "ingest:write", now=noon)
    expired, expired_text = await sync_to_async(make_token)(team_a, "ingest:write", now=noon)
    await ApiToken.objects.filter(pk=revoked.pk).aupdate(revoked_at=noon)
    await ApiToken.objects.filter(pk=expired.pk).aupdate(expires_at=noon)
    unknown = "tw_abcdefgh_" + "x" * 43
    replies = [
        await client.push(POINT, token=text) for text in (unknown, revoked_text, expired_text, "x")
    ]
    shapes = {(reply.status, reply.code, reply.json["detail"]) for reply in replies}

    assert shapes == {(401, "auth.invalid", "This token is not valid.")}


async def test_a_revoked_token_dies_within_ten_seconds(
    client: Client, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = [100.0]
    monkeypatch.setattr("controlplane.metrics.receivers.auth.monotonic", lambda: later[0])
    assert (await client.push(POINT)).status == 200
    await ApiToken.objects.filter(pk=client.row.pk).aupdate(revoked_at=noon)
    later[0] += 10.1

    assert (await client.push(POINT)).status == 401


async def test_a_token_in_the_url_is_refused(client: Client) -> None:  # H03
    reply = await client.push(POINT, query=f"token={client.token}")

    assert (reply.status, reply.code) == (401, "auth.token_in_url")


async def test_a_reader_s_token_may_not_ingest(
    client: Client, team_a: Team, noon: datetime
) -> None:  # H04
    _, text = await sync_to_async(make_token)(team_a, "read", now=noon)

    for _ in range(2):  # the second time from memory
        reply = await client.push(POINT, token=text)
        assert (reply.status, reply.code) == (403, "auth.scope")


async def test_a_tenant_header_changes_nothing(client: Client, team_a: Team) -> None:  # H05
    await sync_to_async(ensure_team)("team-b")
    await client.push(POINT, headers={"x-scope-orgid": "team-b"})
    row = await sync_to_async(SeriesRow.objects.get)()

    assert row.team_id == team_a.pk


@pytest.mark.parametrize(
    ("path", "media"),
    [
        (JSON, ""),
        (JSON, "text/plain"),
        (TEXT, "text/html"),  # T08
        (WRITE, "application/json"),
        (WRITE, "application/x-protobuf;proto=io.prometheus.write.v2.Request"),  # W14
        (WRITE, "application/x-protobuf; proto=nonsense"),
    ],
)
async def test_another_media_type_is_415(client: Client, path: str, media: str) -> None:  # H06
    reply = await client.send(path, b"x", headers={**PROTOBUF, "content-type": media})

    assert (reply.status, reply.code) == (415, "media.type")


@pytest.mark.parametrize(
    ("path", "encoding"),
    [(JSON, "br"), (JSON, "gzip, gzip"), (JSON, "zstd"), (WRITE, "gzip"), (WRITE, "")],
)
async def test_another_encoding_is_415(client: Client, path: str, encoding: str) -> None:  # H07
    media = PROTOBUF["content-type"] if path == WRITE else "application/json"
    headers = {"content-encoding": encoding, "content-type": media}
    reply = await client.send(path, b"x", headers=headers)

    assert (reply.status, reply.code) == (415, "media.encoding")
    assert reply.headers["accept-encoding"] == "gzip"


async def test_the_announced_length_is_refused_before_reading(client: Client) -> None:  # H08
    reply = await client.send(JSON, [], headers={"content-length": str(1 << 40)})

    assert (reply.status, reply.code) == (413, "body.too_large")
    assert reply.headers["connection"] == "close"


async def test_an_endless_body_is_cut_at_the_limit(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:  # H09
    monkeypatch.setattr(body_module, "LIMIT", 1000)
    reply = await client.send(JSON, [b" " * 400] * 50)

    assert (reply.status, reply.code) == (413, "body.too_large")


async def test_a_body_that_drips_is_cut(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:  # H10
    monkeypatch.setattr(body_module, "SECONDS", -1.0)
    reply = await client.push(POINT)

    assert (reply.status, reply.code) == (408, "body.timeout")


@pytest.mark.parametrize("length", ["5", "-1", "x", "1" * 30])
async def test_a_wrong_length_is_400(client: Client, length: str) -> None:  # H11
    reply = await client.push(POINT, headers={"content-length": length})

    assert (reply.status, reply.code) == (400, "body.length")


async def test_gzip_is_read(client: Client) -> None:
    packed = gzip.compress(json.dumps({"points": [POINT]}).encode())
    reply = await client.send(JSON, packed, headers={"content-encoding": "gzip"})

    assert reply.status == 200


async def test_a_gzip_bomb_is_413(client: Client) -> None:  # H12
    bomb = gzip.compress(b" " * (20 << 20))
    reply = await client.send(JSON, bomb, headers={"content-encoding": "gzip"})

    assert (reply.status, reply.code) == (413, "body.inflated_too_large")


async def test_gzip_in_gzip_is_not_unpacked_twice(client: Client) -> None:  # H13
    twice = gzip.compress(gzip.compress(json.dumps({"points": [POINT]}).encode()))
    reply = await client.send(JSON, twice, headers={"content-encoding": "gzip"})

    assert (reply.status, reply.code) == (400, "json.utf8")


def corrupted() -> list[bytes]:
    good = gzip.compress(json.dumps({"points": [POINT]}).encode())
    return [
        good[:-9],
        good[:-8] + bytes(8),
        good + b"tail",
        good + good,
        b"plain",
        zlib.compress(b"x"),
    ]


@pytest.mark.parametrize("content", corrupted())
async def test_corrupt_gzip_stores_nothing(client: Client, content: bytes) -> None:  # H14, H15
    reply = await client.send(JSON, content, headers={"content-encoding": "gzip"})

    assert (reply.status, reply.code) == (400, "encoding.corrupt")
    assert await count(Batch) == 0


async def test_gzip_where_snappy_belongs_is_400(client: Client) -> None:  # H15
    reply = await client.write(gzip.compress(b"x"))

    assert (reply.status, reply.code) == (400, "snappy.corrupt")


@pytest.mark.parametrize("method", ["GET", "TRACE", "OPTIONS", "PUT"])
async def test_other_methods_are_405(client: Client, method: str) -> None:  # H19
    headers = {"x-http-method-override": "POST"}
    reply = await client.push(POINT, method=method, headers=headers)

    assert (reply.status, reply.headers["allow"]) == (405, "POST")


async def test_a_locked_or_full_database_is_503_and_no_false_success(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:  # H25
    def broken(_pending: object) -> None:
        raise OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("controlplane.metrics.stores.log.write", broken)
        reply = await client.push(POINT)
    again = await client.push(POINT)

    assert (reply.status, reply.code) == (503, "store.busy")
    assert int(reply.headers["retry-after"]) > 0
    assert again.status == 200


async def test_a_database_that_is_away_at_the_token_check_is_503(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("connection refused at 10.0.0.1")

    monkeypatch.setattr("controlplane.metrics.receivers.auth.caller_of_token", away)
    reply = await client.push(POINT)

    assert reply.status == 503
    assert b"10.0.0.1" not in reply.body


async def test_too_many_at_once_is_503(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST_IN_FLIGHT", 0)
    reply = await client.write(page([({"__name__": "up"}, [(T, 1.0)])]))

    assert (reply.status, reply.code) == (503, "ingest.busy")
    assert reply.headers["retry-after"] == "2"


async def test_too_many_bytes_at_once_is_503_before_they_are_all_read(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:  # H25
    monkeypatch.setattr(body_module, "SHARE", 1000)
    refused = await client.send(JSON, [b" " * 400] * 50)
    small = await client.push(POINT)

    assert (refused.status, refused.code) == (503, "ingest.busy")
    assert refused.headers["retry-after"] == "2"
    assert small.status == 200
    assert http.room.held == 0


async def test_a_team_that_is_gone_is_401_even_while_its_token_is_remembered(
    client: Client, team_a: Team
) -> None:  # X07
    assert (await client.push(POINT)).status == 200
    await Team.objects.filter(pk=team_a.pk).adelete()
    reply = await client.push(POINT)

    assert (reply.status, reply.code) == (401, "auth.invalid")
    assert await count(Batch) == 0


async def test_a_new_series_second_point_is_pointed_at_itself(client: Client) -> None:  # J15
    wrong = {"signal": "infra.gpu.utilization", "value": 85}
    reply = await client.push({**wrong, "value": 0.85}, POINT, wrong)

    assert (reply.status, reply.json["errors"][0]["pointer"]) == (400, "/points/2")


async def test_a_page_with_a_time_of_long_ago_is_refused_by_sample(
    client: Client, team_a: Team, noon: datetime
) -> None:
    page = f"a 1 {T - 7_200_000}\nb 2 {T}\n".encode()
    reply = await client.send(TEXT, page, headers={"content-type": "text/plain"})

    assert (reply.status, reply.code) == (400, "ts.too_old")
    assert (reply.json["accepted"], reply.json["rejected"]) == (1, 1)
    assert await values(team_a, "b", noon) == [2.0]


async def test_a_bug_of_ours_says_nothing_about_itself(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: object, **__: object) -> None:
        raise RuntimeError("secret words")

    monkeypatch.setattr("controlplane.metrics.ingest.screen", bug)
    reply = await client.push(POINT)

    assert (reply.status, reply.code) == (500, "internal")
    assert b"secret" not in reply.body


async def test_a_sender_that_leaves_in_mid_body_stores_nothing(client: Client) -> None:  # H26
    headers = {"authorization": f"Bearer {client.token}", "content-type": "application/json"}
    messages = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    reply = await exchange(JSON, messages, headers, query="", method="POST")

    assert reply.status == 0
    assert await count(Batch) == 0


async def test_a_wrong_point_refuses_the_batch_and_leaves_no_trace(client: Client) -> None:  # J20
    samples = "tidewise_ingest_samples_total"
    before = [
        counted(samples, protocol="json", outcome=word) for word in ("value.type", "withheld")
    ]
    reply = await client.push(POINT, {**POINT, "value": "12"}, {**POINT, "workload": "b"})
    after = [counted(samples, protocol="json", outcome=word) for word in ("value.type", "withheld")]

    assert (reply.status, reply.code) == (400, "value.type")
    assert reply.json["errors"][0]["pointer"] == "/points/1/value"
    assert reply.headers["content-type"] == "application/problem+json"
    assert (await count(Batch), await count(SeriesRow)) == (0, 0)
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 2]


async def test_partial_stores_what_is_right_and_lists_the_rest(client: Client) -> None:  # J20
    bad = {**POINT, "value": 85, "signal": "infra.gpu.utilization"}
    reply = await client.push(POINT, bad, POINT, query="partial=1")

    assert reply.status == 207
    assert (reply.json["accepted"], reply.json["rejected"]) == (2, 1)
    assert reply.json["errors"][0]["code"] == "value.bounds"
    assert reply.json["errors"][0]["pointer"] == "/points/1"
    assert "send 0.85 for 85 %" in reply.json["errors"][0]["message"]


@pytest.mark.parametrize(
    ("offset", "code"),
    [(timedelta(minutes=11), "ts.future"), (-timedelta(minutes=61), "ts.too_old")],
)
async def test_remote_write_refuses_wrong_times_with_400_and_keeps_the_rest(
    client: Client, team_a: Team, noon: datetime, offset: timedelta, code: str
) -> None:  # W09, W10
    wrong = T + round(offset.total_seconds() * 1000)
    series = [({"__name__": "a"}, [(wrong, 1.0)]), ({"__name__": "b"}, [(T, 2.0)])]
    reply = await client.write(page(series))

    assert (reply.status, reply.code) == (400, code)
    assert len(reply.body) <= 512
    assert await values(team_a, "b", noon) == [2.0]


async def test_remote_write_names_wrong_labels_and_keeps_the_rest(
    client: Client, team_a: Team, noon: datetime
) -> None:  # W08
    good = label("__name__", "b") + sample(T, 2.0)
    reply = await client.write(write_body(label("job", "x") + sample(T, 1.0), good))

    assert (reply.status, reply.code) == (400, "labels.name")
    assert b"1 samples were refused, 1 are stored" in reply.body
    assert await values(team_a, "b", noon) == [2.0]


async def test_samples_inside_the_window_may_come_in_any_order(
    client: Client, team_a: Team, noon: datetime
) -> None:  # W09
    for minutes in (0, 30, 59):
        at = T - minutes * 60_000
        assert (await client.write(page([({"__name__": "a"}, [(at, minutes)])]))).status == 204

    assert await values(team_a, "a", noon) == [59.0, 30.0, 0.0]


async def test_snappy_length_is_checked_before_inflating(client: Client) -> None:  # W02
    reply = await client.write(b"\x80\x80\x80\x80\x10abcde")

    assert (reply.status, reply.code) == (400, "snappy.length")


async def test_metadata_alone_is_a_success(client: Client) -> None:  # W19
    assert (
        await client.write(bytes(cramjam.snappy.compress_raw(b"\x1a\x02\x08\x01")))
    ).status == 204


async def test_a_malformed_line_refuses_the_page(client: Client) -> None:  # T01
    reply = await client.send(TEXT, b"up 1\nbroken{ 2\n", headers={"content-type": "text/plain"})

    assert (reply.status, reply.code) == (400, "exposition.malformed")
    assert reply.json["errors"][0]["pointer"] == "/line/2"
    assert await count(Batch) == 0


async def test_a_wrong_workload_in_the_url_is_400(client: Client) -> None:
    reply = await client.push(POINT, query="workload=%00")

    assert (reply.status, reply.code) == (400, "text.nul")


async def test_over_the_series_limit_json_is_422(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:  # X01
    monkeypatch.setattr("controlplane.metrics.registry.MAX_SERIES", 1)
    assert (await client.push(POINT)).status == 200
    refused = await client.push({**POINT, "workload": "other"})
    known = await client.push(POINT)

    assert (refused.status, refused.code) == (422, "series.limit")
    assert known.status == 200


async def test_over_the_series_limit_remote_write_keeps_known_series(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:  # X01
    monkeypatch.setattr("controlplane.metrics.registry.MAX_SERIES", 1)
    await client.write(page([({"__name__": "a"}, [(T, 1.0)])]))
    series = [({"__name__": "a"}, [(T + 1, 1.0)]), ({"__name__": "b"}, [(T + 1, 1.0)])]
    reply = await client.write(page(series))

    assert (reply.status, reply.code) == (400, "series.limit")
    assert await count(SeriesRow) == 1
    assert b"1 are stored" in reply.body


async def test_many_requests_at_once_are_all_stored(client: Client, team_a: Team) -> None:

    points = [{**POINT, "timestamp": T - i} for i in range(40)]
    replies = await asyncio.gather(*(client.push(point) for point in points))
    found = await sync_to_async(lambda: sum(Batch.objects.values_list("count", flat=True)))()

    assert {reply.status for reply in replies} == {200}
    assert found == 40


async def test_listeners_hear_after_the_commit_and_cannot_break_it(
    client: Client, team_a: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []

    def listener(team: int, pairs: object) -> None:
        heard.append((team, pairs, Batch.objects.count()))
        raise RuntimeError("a listener's own trouble")

    monkeypatch.setattr(ingest, "_listeners", [listener])
    reply = await client.push(POINT)

    assert reply.status == 200
    assert heard == [(team_a.pk, frozenset({("service.request.rate", "chat-7b")}), 1)]


async def test_nobody_may_send_what_only_we_measure(client: Client, noon: datetime) -> None:
    own = {"workload": "chat-7b", "pool": "private-a100", "source": "tidewise"}
    signal = "infra.replicas.current"
    by_json = await client.push({"signal": signal, "value": 900, "labels": own})
    by_write = await client.write(
        page([({"__name__": signal, **own}, [(round(noon.timestamp() * 1000), 900.0)])])
    )
    text = f'{signal.replace(".", "_")}{{workload="chat-7b",source="tidewise"}} 900\n'
    by_text = await client.send(TEXT, text.encode(), headers={"content-type": "text/plain"})

    assert [by_json.status, by_write.status, by_text.status] == [400, 400, 400]
    assert by_json.code == by_text.code == "label.reserved"
    assert await count(SeriesRow) == 0
