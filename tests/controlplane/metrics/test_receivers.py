"""Bodies, tokens and the writer by themselves: bounded memory, shared questions, overload."""

import asyncio
import gzip
import threading
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import pytest
from django.db import OperationalError

from controlplane.accounts.models import Team
from controlplane.accounts.roles import Scope
from controlplane.accounts.selectors import Caller
from controlplane.common.errors import (
    Forbidden,
    InvalidInput,
    Overloaded,
    TooLarge,
    Unauthenticated,
)
from controlplane.metrics.ingest import Offer, Receipt
from controlplane.metrics.receivers import auth, body, writer
from controlplane.metrics.receivers.auth import Tokens
from controlplane.metrics.receivers.body import Room, gunzipped, read_body
from controlplane.metrics.receivers.writer import Writer
from controlplane.metrics.registry import Door
from controlplane.metrics.sample import Parsed

MIB = 1 << 20
TEAM = Team(pk=7, slug="seven")


def pieces(*sizes: int) -> Callable[[], Any]:
    """An ASGI `receive` that hands on bodies of these sizes, and then waits for ever."""
    left = [
        {"type": "http.request", "body": bytes(size), "more_body": i + 1 < len(sizes)}
        for i, size in enumerate(sizes)
    ]

    async def receive() -> Any:
        if not left:
            await asyncio.Event().wait()
        return left.pop(0)

    return receive


def unbounded(_size: int) -> None:
    """Room for everything."""


async def test_a_body_is_its_pieces_and_each_is_announced_before_it_is_kept() -> None:
    heard: list[int] = []

    assert await read_body(pieces(3, 0, 5), length=None, grow=heard.append) == bytes(8)
    assert heard == [3, 0, 5]


async def test_the_room_is_shared_by_all_bodies_and_given_back() -> None:
    room = Room()
    with ExitStack() as guests:
        for team in (1, 1, 2):
            guests.enter_context(room.guest(team))(16 * MIB)
        last = guests.enter_context(room.guest(3))
        last(15 * MIB)
        with pytest.raises(Overloaded) as caught:
            last(2 * MIB)
        last(MIB)

        assert (room.held, caught.value.status) == (body.ROOM, 503)
    assert room.held == 0


async def test_one_team_cannot_take_all_the_room() -> None:
    room = Room()
    with room.guest(1) as greedy, room.guest(2) as other:
        greedy(body.SHARE)
        with pytest.raises(Overloaded):
            greedy(1)
        other(body.SHARE)

    assert room.held == 0


async def test_room_is_given_back_when_a_body_ends_badly() -> None:
    room = Room()
    with pytest.raises(InvalidInput), room.guest(1) as grow:
        await read_body(pieces(10, 10), length="7", grow=grow)

    assert room.held == 0


async def test_five_hundred_dripping_senders_hold_no_more_than_the_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # H10
    monkeypatch.setattr(body, "ROOM", 100_000)
    monkeypatch.setattr(body, "SHARE", 100_000)
    room = Room()

    async def drip(team: int) -> str:
        with room.guest(team) as grow:
            try:
                await read_body(drops(), length=None, grow=grow)
            except Overloaded:
                return "told to come again"
        return "stored"

    def drops() -> Callable[[], Any]:
        async def receive() -> Any:
            await asyncio.sleep(0)
            most.append(room.held)
            return {"type": "http.request", "body": bytes(100), "more_body": True}

        return receive

    most: list[int] = []
    ends = await asyncio.gather(*(drip(number) for number in range(500)))

    assert max(most) <= 100_000
    assert (set(ends), room.held) == ({"told to come again"}, 0)


@pytest.mark.parametrize("size", [body.LIMIT, body.LIMIT + 1])
def test_gzip_may_inflate_to_the_limit_and_not_beyond(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:  # H12
    monkeypatch.setattr(body, "LIMIT", body.LIMIT // 64)
    packed = gzip.compress(bytes(size // 64 + size % 64))
    if size % 64 == 0:
        assert len(gunzipped(packed)) == size // 64
    else:
        with pytest.raises(TooLarge) as caught:
            gunzipped(packed)
        assert caught.value.code == "body.inflated_too_large"


def test_a_bomb_is_not_inflated_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "LIMIT", 1000)
    asked: list[int] = []
    real = zlib.decompressobj

    class Watched:
        def __init__(self, bits: int) -> None:
            self._stream = real(bits)

        def decompress(self, data: bytes, most: int) -> bytes:
            asked.append(most)
            return bytes(self._stream.decompress(data, most))

    monkeypatch.setattr(zlib, "decompressobj", Watched)
    with pytest.raises(TooLarge):
        gunzipped(gzip.compress(bytes(10 * MIB)))

    assert asked == [1001]


class Asked:
    """What stands in for the database: answers when it is let, and counts."""

    def __init__(self, clock: list[float], *scopes: Scope) -> None:
        self._clock = clock
        self.scopes = frozenset(scopes)
        self.questions = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.refuse = False

    async def __call__(self, _work: Callable[[], auth.Answer]) -> auth.Answer:
        self.questions += 1
        await self.gate.wait()
        if self.refuse:
            raise Unauthenticated("auth.invalid", "This token is not valid.")
        return self._clock[0], Caller(TEAM, "token:test", self.scopes)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(auth, "monotonic", lambda: now[0])
    return now


async def test_a_good_token_is_asked_about_once_in_ten_seconds(clock: list[float]) -> None:
    tokens, asked = Tokens(), Asked(clock, Scope.INGEST)
    for _ in range(5):
        assert await tokens.team("Bearer a", asked) == TEAM.pk
    clock[0] += auth.REMEMBER
    await tokens.team("Bearer a", asked)
    clock[0] += 0.1
    await tokens.team("Bearer a", asked)

    assert asked.questions == 2


async def test_ten_seconds_count_from_the_look_at_the_row_and_not_from_the_answer(
    clock: list[float],
) -> None:
    tokens = Tokens()

    async def slow(_work: Callable[[], auth.Answer]) -> auth.Answer:
        looked = clock[0]
        clock[0] += 8.0  # the answer waits behind a commit
        return looked, Caller(TEAM, "token:test", frozenset({Scope.INGEST}))

    await tokens.team("Bearer a", slow)
    clock[0] += 2.1
    revoked = Asked(clock)
    revoked.refuse = True

    with pytest.raises(Unauthenticated):
        await tokens.team("Bearer a", revoked)


async def test_a_bad_token_is_asked_about_every_time(clock: list[float]) -> None:
    tokens, asked = Tokens(), Asked(clock)
    asked.refuse = True
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            await tokens.team("Bearer a", asked)

    assert asked.questions == 3


async def test_a_token_without_the_scope_is_remembered_as_such(clock: list[float]) -> None:
    tokens, asked = Tokens(), Asked(clock, Scope.READ)
    for _ in range(3):
        with pytest.raises(Forbidden):
            await tokens.team("Bearer a", asked)

    assert asked.questions == 1


async def test_requests_with_one_token_share_one_question(clock: list[float]) -> None:
    tokens, asked = Tokens(), Asked(clock, Scope.INGEST)
    asked.gate.clear()
    waiting = [asyncio.create_task(tokens.team("Bearer a", asked)) for _ in range(20)]
    await asyncio.sleep(0)
    waiting[0].cancel()  # a sender that left does not take the answer with it
    asked.gate.set()
    found = await asyncio.gather(*waiting[1:])

    assert (set(found), asked.questions) == ({TEAM.pk}, 1)


async def test_a_flood_of_unknown_tokens_leaves_known_ones_alone(clock: list[float]) -> None:
    tokens, asked = Tokens(), Asked(clock, Scope.INGEST)
    await tokens.team("Bearer known", asked)
    asked.refuse = True
    asked.gate.clear()
    flood = [asyncio.create_task(tokens.team(f"Bearer {i}", asked)) for i in range(100)]
    await asyncio.sleep(0)
    known = await tokens.team("Bearer known", asked)
    asked.gate.set()
    ends = await asyncio.gather(*flood, return_exceptions=True)
    kinds = [type(end) for end in ends]

    assert known == TEAM.pk
    assert asked.questions == 1 + auth.MOST_ASKED
    assert kinds.count(Unauthenticated) == auth.MOST_ASKED
    assert kinds.count(Overloaded) == 100 - auth.MOST_ASKED


@pytest.fixture
async def running(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Writer]:
    made = Writer()
    yield made
    await asyncio.to_thread(made.stop)


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Sizes of the groups that were stored together."""
    sizes: list[int] = []

    def accept_all(offers: Any) -> list[Receipt]:
        sizes.append(len(offers))
        return [Receipt(1) for _ in offers]

    monkeypatch.setattr(writer, "accept_all", accept_all)
    return sizes  # type: ignore[return-value]  # pytest takes a value as well


def anything(noon: datetime) -> Offer:
    return Offer(1, Door("test"), lambda _known: Parsed(), noon)


async def test_requests_that_wait_are_stored_together_but_not_too_many(
    running: Writer, groups: list[int], noon: datetime
) -> None:
    busy, release = threading.Event(), threading.Event()

    def block() -> bool:
        busy.set()
        return release.wait(10)

    blocker = asyncio.create_task(running.call(block))
    await asyncio.to_thread(busy.wait)
    stores = [asyncio.create_task(running.store(anything(noon))) for _ in range(70)]
    await asyncio.sleep(0)  # each of them gets as far as the queue
    release.set()
    await asyncio.gather(blocker, *stores)

    assert sum(groups) == 70
    assert max(groups) == writer.MOST_TOGETHER


async def test_a_fault_while_storing_is_everybody_s_answer_and_not_the_thread_s_end(
    running: Writer, monkeypatch: pytest.MonkeyPatch, noon: datetime
) -> None:
    def broken(_offers: Any) -> list[Receipt]:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(writer, "accept_all", broken)
        with pytest.raises(RuntimeError):
            await running.store(anything(noon))
    monkeypatch.setattr(writer, "accept_all", lambda offers: [Receipt(1) for _ in offers])

    assert await running.store(anything(noon)) == Receipt(1)


async def test_a_connection_that_cannot_be_closed_is_an_answer_too(
    running: Writer, groups: list[int], monkeypatch: pytest.MonkeyPatch, noon: datetime
) -> None:
    def gone() -> None:
        raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(writer, "close_old_connections", gone)
        with pytest.raises(OperationalError):
            await running.store(anything(noon))

    assert await running.store(anything(noon)) == Receipt(1)


async def test_the_thread_ends_when_idle_and_the_next_request_starts_another(
    running: Writer, groups: list[int], noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "IDLE_SECONDS", 0.0)
    await running.store(anything(noon))
    first = running._thread
    if first is not None:  # it may have ended already
        await asyncio.to_thread(first.join)
    await running.store(anything(noon))

    assert groups == [1, 1]
    assert running._thread is not first or first is None
