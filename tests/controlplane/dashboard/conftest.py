"""People with roles, a workload with three hours of life, and the clock stopped at noon."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from controlplane.accounts.models import Membership, Team
from controlplane.dashboard.views import session
from controlplane.workloads.models import Workload
from tests.controlplane.dashboard.seeds import HOURS, seed
from tests.factories import make_workload


@pytest.fixture(autouse=True)
def _still(
    monkeypatch: pytest.MonkeyPatch, noon: datetime, settings: Settings, tmp_path: Path
) -> None:
    """`now` is noon, static files need no collecting, and nobody has failed to log in yet."""
    monkeypatch.setattr("controlplane.common.clock.now", lambda: noon)
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    settings.STATIC_ROOT = tmp_path
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ]  # slow is for real
    session._attempts._failed.clear()


def person(team: Team, role: str, name: str = "") -> User:
    user = User.objects.create_user(name or f"{role}-of-{team.slug}", password="correct horse 1")
    Membership.objects.create(team=team, user=user, role=role)
    return user


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def viewer(team_a: Team) -> Client:
    return logged_in(person(team_a, "viewer"))


@pytest.fixture
def operator(team_a: Team) -> Client:
    return logged_in(person(team_a, "operator"))


@pytest.fixture
def admin(team_a: Team) -> Client:
    return logged_in(person(team_a, "admin"))


@pytest.fixture
def stranger(team_b: Team) -> Client:
    """Somebody who may do everything, in another team."""
    return logged_in(person(team_b, "admin"))


@pytest.fixture
def bare(team_a: Team, noon: datetime) -> Workload:
    """A workload that nobody has sent anything for."""
    return make_workload(team_a, now=noon)


@pytest.fixture
def lived(team_a: Team, noon: datetime) -> Workload:
    """A workload with three hours of samples, decisions, forecasts and costs."""
    row = make_workload(team_a, now=noon - timedelta(hours=HOURS))
    seed(row, now=noon)
    return row
