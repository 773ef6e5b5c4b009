"""Getting in by name or by link, getting out, and how one wants to read."""

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from controlplane.accounts.models import Membership, Team
from controlplane.accounts.services import LINK_LIFE, create_login_link
from controlplane.dashboard.attempts import MOST
from controlplane.workloads.models import Workload
from tests.controlplane.dashboard.conftest import logged_in, person

PASSWORD = "correct horse 1"


def log_in(client: Client, name: str, password: str = PASSWORD, **more: str) -> int:
    return client.post("/login", {"username": name, "password": password, **more}).status_code


def test_a_name_and_a_password_open_the_overview(client: Client, team_a: Team) -> None:
    person(team_a, "viewer", "ada")

    answer = client.post("/login", {"username": "ada", "password": PASSWORD})

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/").status_code == 200


def test_a_wrong_name_and_a_wrong_password_look_the_same(client: Client, team_a: Team) -> None:
    person(team_a, "viewer", "ada")
    pages = [
        client.post("/login", {"username": name, "password": "wrong"}).content.decode()
        for name in ("ada", "eve")
    ]

    errors = [page.split('role="alert">')[1].split("<")[0] for page in pages]

    assert errors[0] == errors[1] != ""


def test_guessing_is_slowed_and_the_right_password_is_heard_again_later(
    client: Client, team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    person(team_a, "viewer", "ada")
    for _ in range(MOST["account"]):
        log_in(client, "ada", "wrong")

    answer = client.post("/login", {"username": "ADA", "password": PASSWORD})

    assert answer.status_code == 429
    assert answer["Retry-After"] == "600"
    assert b"Try again in 10 minutes" in answer.content
    monkeypatch.setattr("controlplane.common.clock.now", lambda: noon + timedelta(minutes=11))
    assert log_in(client, "ada") == 302


@pytest.mark.parametrize("name", ["", "a\x00b", "x" * 10_000])
def test_odd_names_are_refused_in_peace(client: Client, db: None, name: str) -> None:
    assert log_in(client, name) == 200


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_a_login_never_leads_to_another_site(client: Client, team_a: Team, target: str) -> None:
    person(team_a, "viewer", "ada")

    answer = client.post("/login", {"username": "ada", "password": PASSWORD, "next": target})

    assert answer["Location"] == "/"


def test_the_session_gets_a_new_id_at_login(client: Client, team_a: Team) -> None:
    person(team_a, "viewer", "ada")
    client.get("/login")
    client.session["seen"] = True
    before = client.session.session_key

    log_in(client, "ada")

    assert client.session.session_key != before


def link(user: User, now: datetime) -> str:
    return f"/login/{create_login_link(user, now=now)}"


def test_a_link_logs_in_once(client: Client, team_a: Team, noon: datetime) -> None:
    path = link(person(team_a, "admin"), noon)

    first = client.get(path)
    second = Client().get(path)

    assert (first.status_code, first["Location"]) == (302, "/")
    assert second.status_code == 410
    assert b"python manage.py login_link" in second.content


def test_a_second_click_of_the_same_person_is_no_error(
    client: Client, team_a: Team, noon: datetime
) -> None:
    path = link(person(team_a, "admin"), noon)
    client.get(path)

    assert client.get(path).status_code == 302


def test_a_preview_does_not_use_the_link_up(client: Client, team_a: Team, noon: datetime) -> None:
    path = link(person(team_a, "admin"), noon)

    assert client.head(path).status_code == 405
    assert client.get(path).status_code == 302


def test_an_old_link_says_how_to_make_a_new_one(
    client: Client, team_a: Team, noon: datetime
) -> None:
    path = link(person(team_a, "admin"), noon - LINK_LIFE)

    assert client.get(path).status_code == 410


def test_a_disabled_person_is_not_let_in_by_link(
    client: Client, team_a: Team, noon: datetime
) -> None:
    user = person(team_a, "admin")
    path = link(user, noon)
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert client.get(path).status_code == 410


def test_logging_out_needs_a_post_and_ends_the_session(viewer: Client) -> None:
    asked = viewer.get("/logout").status_code
    viewer.post("/logout")

    assert asked == 405
    assert viewer.get("/").status_code == 302


@pytest.mark.parametrize(
    ("theme", "shown"), [("dark", "dark"), ("light", "light"), ("x", "system")]
)
def test_a_theme_is_in_the_first_byte_of_the_page(viewer: Client, theme: str, shown: str) -> None:
    viewer.post("/choose", {"theme": theme})

    assert f'data-theme="{shown}"' in viewer.get("/").content.decode()


@pytest.mark.parametrize(
    ("target", "back"),
    [("/decisions?which=held", "/decisions?which=held"), ("//evil.example", "/"), ("", "/")],
)
def test_choosing_returns_to_the_page(viewer: Client, target: str, back: str) -> None:
    answer = viewer.post("/choose", {"zone": "utc", "next": target})

    assert answer["Location"] == back


def test_a_language_is_kept_in_a_cookie_and_not_in_the_address(viewer: Client) -> None:
    viewer.post("/i18n/setlang/", {"language": "zh-hans", "next": "/"})

    assert "总览" in viewer.get("/").content.decode()


def test_a_person_of_two_teams_looks_at_one_at_a_time(
    team_a: Team, team_b: Team, lived: Workload
) -> None:
    user = person(team_a, "viewer", "both")
    Membership.objects.create(team=team_b, user=user, role="viewer")
    client = logged_in(user)
    before = "/workloads/chat-7b" in client.get("/").content.decode()

    client.post("/choose/team", {"team": "team-b"})

    assert before
    assert "/workloads/chat-7b" not in client.get("/").content.decode()
    assert client.get("/workloads/chat-7b").status_code == 404


def test_nobody_looks_at_a_team_that_is_not_theirs(viewer: Client, team_b: Team) -> None:
    answer = viewer.post("/choose/team", {"team": "team-b"})

    assert answer.status_code == 403
    assert "team-b" not in viewer.get("/").content.decode().lower().replace("team-a", "")


def test_a_lost_membership_falls_back_to_the_first_team(team_a: Team, team_b: Team) -> None:
    user = person(team_a, "viewer", "both")
    membership = Membership.objects.create(team=team_b, user=user, role="viewer")
    client = logged_in(user)
    client.post("/choose/team", {"team": "team-b"})

    membership.delete()

    assert "Team-A" in client.get("/").content.decode()


def test_the_login_page_needs_no_team_and_no_script(client: Client, db: None) -> None:
    page = client.get("/login").content.decode()

    assert 'name="password"' in page
    assert "live.js" not in page


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_fault_of_ours_names_the_request_and_nothing_else(
    viewer: Client, monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the secret plan")

    monkeypatch.setattr("controlplane.dashboard.selectors.fleet.seen", broken)
    viewer.raise_request_exception = False

    answer = viewer.get("/overview/live", headers={"Accept": accept})

    assert answer.status_code == 500
    assert b"secret plan" not in answer.content
    assert len(answer.content.decode().split("request")) > 1


def test_a_browser_that_looks_for_an_icon_finds_ours(client: Client) -> None:
    assert client.get("/favicon.ico")["Location"].endswith("dashboard/favicon.svg")


def test_an_unknown_address_is_a_page_of_ours(viewer: Client) -> None:
    answer = viewer.get("/no/such/page")

    assert answer.status_code == 404
    assert b"To the overview" in answer.content
