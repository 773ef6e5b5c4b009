"""Nobody sees another team's rows, and nobody anonymous sees any."""

from datetime import datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client

from controlplane.dashboard.urls import urlpatterns
from controlplane.decisions.models import DecisionRecord
from controlplane.workloads.models import Workload
from tests.controlplane.dashboard.conftest import logged_in

PAGES = ("/", "/workloads/chat-7b", "/decisions", "/savings", "/savings.csv",
         "/workloads/chat-7b/demand.csv")  # fmt: skip
DATA = ("/overview/live", "/frame/live", "/workloads/chat-7b/live", "/savings/figure")
OF_A_WORKLOAD = ("", "/live", "/demand.csv", "/capacity.csv", "/infra.gpu.utilization.csv")
ACTIONS = ("evaluate", "override", "lift", "pause", "resume", "surge", "mode")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_sends_somebody_anonymous_to_the_login(
    client: Client, lived: Workload, path: str
) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer["Location"]) == (302, f"/login?next={path}")


@pytest.mark.parametrize("path", DATA)
def test_a_script_without_a_session_gets_401_and_no_page(
    client: Client, lived: Workload, path: str
) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer["Content-Type"]) == (401, "application/json")


@pytest.mark.parametrize("rest", OF_A_WORKLOAD)
def test_a_stranger_gets_404_for_anothers_workload(
    stranger: Client, lived: Workload, rest: str
) -> None:
    assert stranger.get(f"/workloads/chat-7b{rest}").status_code == 404


@pytest.mark.parametrize("action", ACTIONS)
def test_a_stranger_cannot_act_on_anothers_workload(
    stranger: Client, lived: Workload, action: str
) -> None:
    answer = stranger.post(f"/workloads/chat-7b/{action}", {"mode": "off", "reason": "x"})

    assert answer.status_code == 404
    lived.refresh_from_db()
    assert (lived.paused_by, lived.mode) == ("", "auto")


@pytest.mark.parametrize("rest", ["", ".json"])
def test_a_stranger_gets_404_for_anothers_decision(
    stranger: Client, lived: Workload, rest: str
) -> None:
    decision = DecisionRecord.objects.first()
    assert decision is not None

    assert stranger.get(f"/decisions/{decision.public_id}{rest}").status_code == 404


@pytest.mark.parametrize("path", ["/", "/decisions?which=all", "/savings", "/savings.csv"])
def test_a_strangers_lists_name_nothing_of_another_team(
    stranger: Client, lived: Workload, path: str
) -> None:
    answer = stranger.get(path)

    # The commands of the empty overview use this name as an example, so its price is looked for.
    assert answer.status_code == 200
    assert b"/workloads/chat-7b" not in answer.content
    assert b"10.00" not in answer.content


def test_a_person_without_a_team_is_told_who_can_help(db: None, noon: datetime) -> None:
    answer = logged_in(User.objects.create_user("nobody")).get("/")

    assert answer.status_code == 403
    assert b"An administrator can add you" in answer.content


def test_every_page_is_covered_by_the_lists_above() -> None:
    named = {getattr(each, "name", None) for each in urlpatterns}
    covered = {
        "overview", "overview-live", "frame-live", "workload", "workload-live", "workload-csv",
        "decisions", "decision", "decision-json", "savings", "savings-figure", "savings-csv",
        *(f"workload-{action}" for action in ACTIONS),
    }  # fmt: skip
    # These are tried in test_session.py and test_actions.py.
    elsewhere = {"login", "login-link", "logout", "choose", "choose-team", "pause-all",
                 "resume-all", None}  # fmt: skip

    assert named - elsewhere == covered
