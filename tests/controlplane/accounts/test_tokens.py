"""Tokens: shown once, stored as a hash, scoped, and dead at once when revoked."""

from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from controlplane.accounts import services, tokens
from controlplane.accounts.models import ApiToken, Team
from controlplane.accounts.roles import Scope, implied, parse_scopes
from controlplane.accounts.selectors import caller_of_token
from controlplane.common.errors import Forbidden, Unauthenticated
from controlplane.common.logs import hide
from tests.conftest import make_token


def test_only_the_hash_of_a_token_is_stored(team_a: Team, noon: datetime) -> None:
    row, text = make_token(team_a, "read", now=noon)

    assert text.split("_", 2)[2] not in row.digest  # the secret itself may hold a _
    assert tokens.matches(text, row.digest)


def test_a_good_token_speaks_for_its_team_with_its_scopes(team_a: Team, noon: datetime) -> None:
    _row, text = make_token(team_a, "ingest:write", now=noon)
    caller = caller_of_token(f"Bearer {text}", now=noon)

    assert (caller.team, caller.scopes) == (team_a, frozenset({Scope.INGEST}))
    with pytest.raises(Forbidden):
        caller.require(Scope.READ)


@pytest.mark.parametrize("header", ["", "Basic abc", "Bearer "])
def test_no_token_is_told_apart_from_a_wrong_one(db: None, header: str, noon: datetime) -> None:
    with pytest.raises(Unauthenticated) as caught:
        caller_of_token(header, now=noon)
    assert caught.value.code == "auth.missing"


def test_unknown_revoked_and_expired_tokens_look_the_same(team_a: Team, noon: datetime) -> None:
    row, revoked = make_token(team_a, "read", now=noon)
    services.revoke_token(row, now=noon, actor="test")
    _other, late = make_token(team_a, "read", now=noon)
    attempts = [
        (revoked, noon),
        (late, noon + services.TOKEN_LIFE + timedelta(seconds=1)),
        (tokens.mint().text, noon),
        ("tw_short", noon),
    ]
    answers = set()
    for text, now in attempts:
        with pytest.raises(Unauthenticated) as caught:
            caller_of_token(f"Bearer {text}", now=now)
        answers.add((caught.value.code, caught.value.detail))

    assert len(answers) == 1


def test_admin_implies_every_scope_and_no_other_scope_does() -> None:
    assert implied(frozenset({Scope.ADMIN})) == frozenset(Scope)
    assert implied(frozenset({Scope.SCALE})) == {Scope.SCALE}


def test_an_unknown_scope_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'write'.*ingest:write"):
        parse_scopes(["write"])


def test_the_command_prints_a_token_that_works(db: None) -> None:
    out = StringIO()
    call_command("create_token", "prometheus", scopes=["ingest:write"], stdout=out)
    row = ApiToken.objects.get()

    assert tokens.matches(out.getvalue().strip(), row.digest)


def test_the_command_refuses_unknown_scopes(db: None) -> None:
    with pytest.raises(CommandError, match="unknown scope"):
        call_command("create_token", "x", scopes=["everything"])


def test_a_login_link_works_once_and_not_after_its_time(team_a: Team, noon: datetime) -> None:
    user = services.ensure_admin(team_a)
    secret = services.create_login_link(user, now=noon)
    late = services.create_login_link(user, now=noon)

    assert services.redeem_login_link(secret, now=noon) == user
    assert services.redeem_login_link(secret, now=noon) is None
    assert services.redeem_login_link(late, now=noon + timedelta(hours=25)) is None


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdef0123456789",
        "amqp://user:hunter2hunter2@rabbit:5672/",
        "redis://:hunter2@valkey:6379/0",
        "amqp://user:x@hunter2@rabbit:5672/",
        "tw_abcdefgh_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
    ],
)
def test_secrets_are_hidden_from_logs(text: str) -> None:
    shown = hide(text)

    assert "[hidden]" in shown
    assert not any(secret in shown for secret in ("abcdef0123", "hunter2", "0123456789abcdef"))
