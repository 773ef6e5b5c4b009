"""The websocket: only members hear, only of their own team, and only ids."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from channels.routing import URLRouter
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore

from controlplane.accounts.models import Membership, Team
from controlplane.accounts.services import ensure_team
from controlplane.common.pulse import group_name
from controlplane.dashboard import consumers
from controlplane.dashboard.consumers import LiveConsumer
from controlplane.dashboard.routing import websocket_urlpatterns
from tests.controlplane.dashboard.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)
HOST = (b"host", b"localhost")
ORIGIN = (b"origin", b"http://localhost")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pace of tests; the real pace is asserted by test_the_pace_is_what_was_promised."""
    monkeypatch.setattr(LiveConsumer, "gap", 0.01)
    monkeypatch.setattr(LiveConsumer, "check", 0.02)
    consumers._open.clear()


def session_of(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    assert session.session_key
    return session.session_key


@database_sync_to_async
def member(slug: str = "team-a", name: str = "ada") -> tuple[User, Team, str]:
    team = ensure_team(slug)
    user = User.objects.create_user(name)
    Membership.objects.create(team=team, user=user, role="viewer")
    return user, team, session_of(user)


def socket(key: str = "", *headers: tuple[bytes, bytes]) -> Socket:
    from controlplane.asgi import websockets  # needs the static root that a fixture makes

    cookie = (b"cookie", f"{settings.SESSION_COOKIE_NAME}={key}".encode())
    return Socket(websockets, "/ws/live", [HOST, *(headers or (ORIGIN,)), cookie])


async def tell(team: Team, topic: str, ref: str) -> None:
    event = {"topic": topic, "team": team.pk, "ref": ref, "from": 1, "seq": 1}
    layer: Any = get_channel_layer()
    await layer.group_send(group_name(team.pk), {"type": "pulse.event", "event": event})


async def test_a_member_hears_ids_of_the_own_team_and_nothing_else() -> None:
    _user, team, key = await member()
    other = await database_sync_to_async(ensure_team)("team-b")
    live = socket(key)
    assert await live.connect()

    await tell(other, "workload", "secret")
    await tell(team, "workload", "chat-7b")

    assert await live.hear() == {
        "seq": 1, "changes": [["workload", "chat-7b"]], "all": False,
    }  # fmt: skip
    assert await live.silent()
    await live.leave()


async def test_nobody_without_a_session_gets_past_the_handshake() -> None:
    for key in ("", "made-up"):
        connected = await socket(key).connect()

        assert not connected


async def test_a_person_without_a_team_is_refused() -> None:
    user = await database_sync_to_async(User.objects.create_user)("nobody")
    key = await database_sync_to_async(session_of)(user)

    assert not await socket(key).connect()


@pytest.mark.parametrize(
    "headers", [((b"origin", b"http://evil.example"),), ((b"x-nothing", b"1"),)]
)
async def test_another_sites_page_and_a_missing_origin_are_refused(headers: Any) -> None:
    _user, _team, key = await member()

    assert not await socket(key, *headers).connect()


async def test_many_changes_at_once_are_one_message() -> None:
    _user, team, key = await member()
    live = socket(key)
    await live.connect()
    await tell(team, "workload", "first")
    await live.hear()

    for _ in range(20):
        await tell(team, "samples", "chat-7b")
    await asyncio.sleep(0.05)

    found = await live.hear()
    assert found["changes"] == [["samples", "chat-7b"]]
    await live.leave()


async def test_too_many_changes_say_look_at_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LiveConsumer, "gap", 0.5)  # long enough for all of them
    _user, team, key = await member()
    live = socket(key)
    await live.connect()
    await tell(team, "workload", "first")
    await live.hear()

    for number in range(consumers.MOST_CHANGES + 1):
        await tell(team, "workload", f"w{number}")

    assert await live.hear() == {"seq": 2, "changes": [], "all": True}
    await live.leave()


async def test_a_logout_cuts_the_connection() -> None:
    _user, _team, key = await member()
    live = socket(key)
    await live.connect()

    await database_sync_to_async(SessionStore(key).delete)()

    assert await live.closed() == consumers.NOT_LOGGED_IN


async def test_a_lost_membership_cuts_the_connection() -> None:
    user, _team, key = await member()
    live = socket(key)
    await live.connect()

    await database_sync_to_async(Membership.objects.filter(user=user).delete)()

    assert await live.closed() == consumers.NOT_ALLOWED


async def test_what_a_browser_says_is_not_obeyed() -> None:
    _user, team, key = await member()
    live = socket(key)
    await live.connect()

    await live.say(text='{"subscribe": "team.2"}')
    await live.say(text="not json")
    await tell(team, "workload", "chat-7b")

    assert (await live.hear())["changes"] == [["workload", "chat-7b"]]
    await live.leave()


@pytest.mark.parametrize(
    ("said", "code"), [({"bytes": b"\x00"}, consumers.POLICY),
                       ({"text": "x" * 5000}, consumers.TOO_BIG)],
)  # fmt: skip
async def test_a_browser_that_floods_is_cut_off(said: dict[str, Any], code: int) -> None:
    _user, _team, key = await member()
    live = socket(key)
    await live.connect()

    await live.say(**{"text": None, "bytes": None} | said)

    assert await live.closed() == code


async def test_one_person_has_a_bounded_number_of_connections() -> None:
    user, _team, key = await member()
    consumers._open[user.pk] = consumers.MOST_SOCKETS
    live = socket(key)
    await live.connect()

    assert await live.closed() == consumers.TOO_MANY
    await live.leave()
    assert consumers._open[user.pk] == consumers.MOST_SOCKETS


async def test_a_closed_page_leaves_nothing_behind() -> None:
    user, team, key = await member()
    live = socket(key)
    await live.connect()
    await live.leave()

    await tell(team, "workload", "chat-7b")

    assert user.pk not in consumers._open


def test_the_pace_is_what_was_promised(noon: datetime) -> None:
    assert (consumers.LEAST_GAP_SECONDS, consumers.CHECK_SECONDS) == (1.0, 10.0)


def test_the_only_websocket_is_the_live_one() -> None:
    assert [str(each.pattern) for each in websocket_urlpatterns] == ["ws/live"]
    assert URLRouter(websocket_urlpatterns)
