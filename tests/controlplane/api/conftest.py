"""Callers of the API: a machine of each scope, of two teams, and a person with a session."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from controlplane.accounts.models import Membership, Team
from controlplane.common import clock
from controlplane.decisions import actuate, actuators, record
from controlplane.workloads.models import Workload
from tests.conftest import make_token
from tests.controlplane.decisions.cloud import Cloud
from tests.factories import make_workload

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path_factory: Any) -> None:
    """The API reads the clock; here it is always noon. No page is open, no style is served."""
    settings.STATIC_ROOT = str(tmp_path_factory.getbasetemp())
    monkeypatch.setattr(clock, "now", lambda: NOW)
    for module in (actuate, record):
        monkeypatch.setattr(module, "announce", lambda *_args, **_words: None)


class Machine:
    """A bearer token and the few requests that tests send with it."""

    _client = Client(raise_request_exception=False)  # one for all: middleware takes its time

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        media: str = "application/json",
        **headers: str,
    ) -> Any:
        """One request; a body that is not bytes is sent as JSON, headers have underscores."""
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        if self._token:
            named.setdefault("Authorization", f"Bearer {self._token}")
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body)
        return self._client.generic(
            method, f"/api/v1{path}", data=data, content_type=media, headers=named
        )


@pytest.fixture
def admin(team_a: Team) -> Machine:
    return Machine(make_token(team_a, "admin", now=NOW)[1])


@pytest.fixture
def reader(team_a: Team) -> Machine:
    return Machine(make_token(team_a, "read", now=NOW)[1])


@pytest.fixture
def stranger(team_b: Team) -> Machine:
    """An admin of the other team."""
    return Machine(make_token(team_b, "admin", now=NOW)[1])


@pytest.fixture
def nobody(db: None) -> Machine:
    return Machine("")


@pytest.fixture
def person(team_a: Team) -> Client:
    """An operator of team A in a browser, where CSRF is checked."""
    user = get_user_model().objects.create_user("ann")
    Membership.objects.create(team=team_a, user=user, role="operator")
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    fake = Cloud({"chat-7b": 5})
    with actuators.standing_in("simulated", fake):
        yield fake


@pytest.fixture
def chat(team_a: Team, cloud: Cloud) -> Workload:
    """Team A's workload, its size read at noon."""
    row = make_workload(team_a, now=NOW)
    row.pools.update(ready=5, observed_at=NOW)
    return row
