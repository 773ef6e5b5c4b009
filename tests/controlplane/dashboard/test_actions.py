"""What people do: each by who may, from a form, with a word about what happened."""

from datetime import datetime, timedelta

import pytest
from django.test import Client

from controlplane.accounts.models import AuditEntry, Team
from controlplane.demo.models import DemoWorkload
from controlplane.workloads.models import Override, TeamPause, Workload
from controlplane.workloads.services import place_override
from tests.controlplane.dashboard.conftest import logged_in, person

PATH = "/workloads/chat-7b"
PIN = {"size": "9", "lasting": "60", "reason": "load test"}


def said(client: Client, path: str, data: dict[str, str] | None = None) -> str:
    """The page after the form was sent."""
    answer = client.post(path, data or {}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("action", ["evaluate", "override", "lift", "pause", "resume", "surge"])
def test_a_viewer_may_look_and_not_touch(viewer: Client, lived: Workload, action: str) -> None:
    answer = viewer.post(f"{PATH}/{action}", PIN)

    assert answer.status_code == 403
    assert b"It needs an operator" in answer.content
    assert not Override.objects.exists()


def test_an_operator_may_not_change_the_mode(operator: Client, lived: Workload) -> None:
    assert operator.post(f"{PATH}/mode", {"mode": "off"}).status_code == 403


@pytest.mark.parametrize(
    "path",
    [*(f"{PATH}/{action}" for action in ("evaluate", "override", "pause", "mode", "surge")),
     "/scaling/pause", "/scaling/resume", "/choose", "/choose/team"],
)  # fmt: skip
def test_nothing_changes_by_a_get(admin: Client, lived: Workload, path: str) -> None:
    assert admin.get(path).status_code == 405


@pytest.mark.parametrize("path", [f"{PATH}/pause", "/scaling/pause", "/logout", "/choose/team"])
def test_a_form_from_another_site_is_refused(team_a: Team, lived: Workload, path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person(team_a, "admin"))

    assert client.post(path).status_code == 403
    assert not TeamPause.objects.exists()


def test_pausing_and_resuming_one_workload(operator: Client, lived: Workload) -> None:
    paused = said(operator, f"{PATH}/pause")
    lived.refresh_from_db()
    by = lived.paused_by
    said(operator, f"{PATH}/resume")
    lived.refresh_from_db()

    assert "until somebody resumes" in paused
    assert (by, lived.paused_by) == ("user:operator-of-team-a", "")


def test_pausing_everything_is_seen_on_every_page_and_audited(
    operator: Client, lived: Workload, team_a: Team
) -> None:
    said(operator, "/scaling/pause", {"next": PATH})

    assert "All scaling is paused." in operator.get("/decisions").content.decode()
    assert AuditEntry.objects.filter(team=team_a, action="team.paused").count() == 1
    said(operator, "/scaling/resume")
    assert not TeamPause.objects.exists()


def test_pausing_twice_is_pausing_once(operator: Client, team_a: Team) -> None:
    said(operator, "/scaling/pause")
    said(operator, "/scaling/pause")

    assert TeamPause.objects.count() == 1


def test_a_pause_of_one_team_leaves_the_other_alone(
    operator: Client, stranger: Client, lived: Workload
) -> None:
    said(operator, "/scaling/pause")

    assert "All scaling is paused." not in stranger.get("/").content.decode()


def test_a_pin_has_a_size_an_end_and_a_reason(
    operator: Client, lived: Workload, noon: datetime
) -> None:
    page = said(operator, f"{PATH}/override", PIN)

    row = Override.objects.get()
    assert "Pinned to 9 replicas." in page
    assert (row.size, row.until, row.reason) == (9, noon + timedelta(hours=1), "load test")


def test_an_empty_size_freezes(operator: Client, lived: Workload) -> None:
    page = said(operator, f"{PATH}/override", {**PIN, "size": ""})

    assert "The size is frozen." in page
    assert Override.objects.get().size is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size": "9999"}, "outside the workload&#x27;s bounds"),
        ({"size": "-1"}, "whole number"),
        ({"size": "1e3"}, "whole number"),
        ({"size": "٣"}, "whole number"),
        ({"size": "9" * 400}, "whole number"),
        ({"lasting": "999999"}, "An override lasts"),
        ({"lasting": ""}, "An override lasts"),
        ({"reason": "  "}, "Write why"),
    ],
)
def test_a_wrong_override_is_refused_in_words(
    operator: Client, lived: Workload, change: dict[str, str], words: str
) -> None:
    page = said(operator, f"{PATH}/override", PIN | change)

    assert words in page
    assert not Override.objects.exists()


def test_lifting_ends_the_override(operator: Client, lived: Workload, noon: datetime) -> None:
    place_override(lived, size=9, lasting=timedelta(hours=1), actor="x", now=noon)

    page = said(operator, f"{PATH}/lift")

    assert "The override is lifted." in page
    assert Override.objects.get().lifted_at == noon


def test_evaluating_says_when_there_is_nothing_to_decide(operator: Client, bare: Workload) -> None:
    assert "There was nothing to decide" in said(operator, f"{PATH}/evaluate")


def test_a_surge_is_for_the_demo_only(operator: Client, lived: Workload, noon: datetime) -> None:
    refused = said(operator, f"{PATH}/surge")
    row = DemoWorkload.objects.create(workload=lived, profile="chat", seed=1)
    done = said(operator, f"{PATH}/surge")

    row.refresh_from_db()
    assert "Only a workload of the demo" in refused
    assert "three times as high" in done
    assert row.surging(noon + timedelta(minutes=4))


def test_an_administrator_changes_the_mode(admin: Client, lived: Workload) -> None:
    page = said(admin, f"{PATH}/mode", {"mode": "recommend"})

    lived.refresh_from_db()
    assert "The mode is now: recommend." in page
    assert (lived.mode, lived.spec.mode) == ("recommend", "recommend")


def test_an_unknown_mode_is_refused(admin: Client, lived: Workload) -> None:
    page = said(admin, f"{PATH}/mode", {"mode": "yolo"})

    lived.refresh_from_db()
    assert "Choose one of the modes" in page
    assert lived.mode == "auto"


def test_a_role_that_was_taken_away_is_gone_at_the_next_click(
    team_a: Team, lived: Workload
) -> None:
    user = person(team_a, "operator", "ada")
    client = logged_in(user)
    user.memberships.update(role="viewer")

    assert client.post(f"{PATH}/pause").status_code == 403
