"""`create_token` and `login_link`: secrets shown once, names that are odd refused in one line."""

from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from controlplane.accounts import services
from controlplane.accounts.models import ApiToken, AuditEntry, LoginLink, Team
from controlplane.accounts.roles import Scope
from controlplane.accounts.selectors import caller_of_token, caller_of_user
from controlplane.common import clock
from controlplane.common.errors import Forbidden, InvalidInput, Unauthenticated


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch, noon: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: noon)


def said(command: str, *words: str, **options: Any) -> str:
    out = StringIO()
    call_command(command, *words, stdout=out, **options)
    return out.getvalue().strip()


def test_a_token_is_printed_once_and_works(db: None, noon: datetime) -> None:
    text = said("create_token", "prometheus", "--scope", "ingest:write", "--scope", "read")
    caller = caller_of_token(f"Bearer {text}", now=noon)

    assert text.startswith("tw_")
    assert (caller.team.slug, caller.actor) == ("default", "token:prometheus")
    assert caller.scopes == {Scope.INGEST, Scope.READ}
    assert AuditEntry.objects.get().actor == "command:create_token"
    assert text not in str(list(ApiToken.objects.values()))


def test_a_token_for_a_named_team_is_that_teams(team_b: Team, noon: datetime) -> None:
    text = said("create_token", "x", scopes=["read"], team="team-b")

    assert caller_of_token(f"Bearer {text}", now=noon).team == team_b


@pytest.mark.parametrize(
    ("words", "options", "expected"),
    [
        (["x"], {"scopes": ["write"]}, "unknown scope 'write'; use one of: ingest:write"),
        (["x"], {"scopes": ["read"], "team": "team-c"}, "There is no team 'team-c'; there are: "),
        ([" x"], {"scopes": ["read"]}, "Name a token"),
        (["x" * 81], {"scopes": ["read"]}, "Name a token"),
        (["a\nb"], {"scopes": ["read"]}, "Name a token"),
    ],
)
def test_a_token_that_is_not_right_is_refused(
    team_a: Team, words: list[str], options: dict[str, Any], expected: str
) -> None:
    with pytest.raises(CommandError) as caught:
        said("create_token", *words, **options)

    assert str(caught.value).startswith(expected)
    assert not ApiToken.objects.exists()


def test_a_token_ends_after_its_time_whatever_the_database_says(
    team_a: Team, noon: datetime
) -> None:
    text = services.create_token(team_a, "x", scopes=frozenset({Scope.READ}), now=noon, actor="t")[
        1
    ]

    assert caller_of_token(f"Bearer {text}", now=noon + timedelta(days=89))
    with pytest.raises(Unauthenticated):
        caller_of_token(f"Bearer {text}", now=noon + timedelta(days=90))


def test_the_last_use_is_remembered_once_a_minute(team_a: Team, noon: datetime) -> None:
    row, text = services.create_token(
        team_a, "x", scopes=frozenset({Scope.READ}), now=noon, actor="t"
    )
    for second in (0, 30, 61):
        caller_of_token(f"Bearer {text}", now=noon + timedelta(seconds=second))
        row.refresh_from_db()
        assert row.last_used_at == noon + timedelta(seconds=61 if second > 60 else 0)


def test_revoking_twice_is_one_entry_in_the_audit(team_a: Team, noon: datetime) -> None:
    row = services.create_token(team_a, "x", scopes=frozenset({Scope.READ}), now=noon, actor="t")[0]
    services.revoke_token(row, now=noon, actor="user:ann")
    services.revoke_token(row, now=noon, actor="user:bob")

    assert AuditEntry.objects.get(action="token.revoke").actor == "user:ann"


def test_a_login_link_is_made_for_an_administrator_who_has_no_password(
    db: None, noon: datetime
) -> None:
    link = said("login_link", base_url="http://127.0.0.1:8001/")
    user = get_user_model().objects.get()

    assert link.startswith("http://127.0.0.1:8001/login/")
    assert not user.has_usable_password()
    assert caller_of_user(user).team.slug == "default"
    assert link.rsplit("/", 1)[1] not in str(list(LoginLink.objects.values()))
    assert services.redeem_login_link(link.rsplit("/", 1)[1], now=noon) == user


def test_a_second_link_does_not_raise_anybodys_role(team_a: Team) -> None:
    user = get_user_model().objects.create_user("ann")
    team_a.memberships.create(user=user, role="viewer")
    said("login_link", username="ann", team="team-a")

    assert caller_of_user(user).scopes == {Scope.READ}


@pytest.mark.parametrize(
    "options", [{"username": ""}, {"username": "a b"}, {"team": "No Team"}, {"team": "x" * 61}]
)
def test_a_link_for_an_odd_name_is_refused(db: None, options: dict[str, str]) -> None:
    with pytest.raises(CommandError):
        said("login_link", **options)

    assert not LoginLink.objects.exists()


@pytest.mark.parametrize("slug", ["", "Team", "a_b", "-a", "a-", "x" * 61, "a/b", "ü", "a\n"])
def test_a_team_is_named_so_that_every_url_can_hold_it(db: None, slug: str) -> None:
    with pytest.raises(InvalidInput):
        services.ensure_team(slug)


def test_the_longest_user_name_still_fits_every_column(team_a: Team) -> None:
    user = get_user_model().objects.create_user("a" * 150)
    team_a.memberships.create(user=user, role="operator")

    assert len(caller_of_user(user).actor) == 120


def test_a_person_acts_for_the_team_they_name_or_their_first(team_a: Team, team_b: Team) -> None:
    user = get_user_model().objects.create_user("ann")
    team_b.memberships.create(user=user, role="viewer")
    team_a.memberships.create(user=user, role="admin")

    assert caller_of_user(user).team == team_a
    assert caller_of_user(user, team="team-b").scopes == {Scope.READ}
    with pytest.raises(Forbidden):
        caller_of_user(user, team="team-c")
