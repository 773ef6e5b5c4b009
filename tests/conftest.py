"""Shared fixtures: a fixed noon, teams and callers, and no network in unit tests."""

import os
import socket
from datetime import UTC, datetime
from typing import Any

import pytest

from controlplane.accounts.models import ApiToken, Team
from controlplane.accounts.roles import Scope
from controlplane.accounts.services import create_token, ensure_team
from controlplane.common.supervisor.options import ONE_THREAD_EACH

# As `up` does for its children: small networks on two threads of a busy machine wait, not work.
for _name in ONE_THREAD_EACH:
    os.environ.setdefault(_name, "1")


@pytest.fixture
def noon() -> datetime:
    """A Monday noon in UTC; every test that needs a now takes this one."""
    return datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def team_a(db: None) -> Team:
    return ensure_team("team-a")


@pytest.fixture
def team_b(db: None) -> Team:
    return ensure_team("team-b")


def make_token(team: Team, *words: str, now: datetime) -> tuple[ApiToken, str]:
    """A token of `team` with these scopes, and its text."""
    scopes = frozenset(Scope(word) for word in words)
    return create_token(team, "test", scopes=scopes, now=now, actor="test")


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unit tests talk to nobody; tests marked `system` or `browser` may use loopback."""
    if {"system", "browser"} & {mark.name for mark in request.node.iter_markers()}:
        return
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family == socket.AF_UNIX:
            return connect(self, address)
        raise AssertionError(f"a unit test tried to connect to {address!r}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
