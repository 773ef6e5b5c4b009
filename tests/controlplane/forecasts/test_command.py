"""`manage.py train`: progress, results, and errors that say what to do."""

from datetime import datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from controlplane.accounts.models import Team
from controlplane.accounts.services import ensure_team
from controlplane.common import clock
from controlplane.forecasts import trainings
from controlplane.forecasts.management.commands.train import Command
from controlplane.forecasts.models import ModelVersion
from controlplane.workloads.models import Workload
from tests.controlplane.forecasts.pasts import lived, wave
from tests.factories import make_workload

pytestmark = pytest.mark.usefixtures("quick", "_at_noon")


@pytest.fixture
def _at_noon(noon: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: noon)


def run(*words: str) -> tuple[str, str, str]:
    """What was said, what was complained about, and the error it ended with."""
    out, err, end = StringIO(), StringIO(), ""
    try:
        call_command("train", *words, "--team", "team-a", stdout=out, stderr=err, no_color=True)
    except CommandError as error:
        end = str(error)
    return out.getvalue(), err.getvalue(), end


def test_progress_and_the_verdict_are_told(chat: Workload, noon: datetime) -> None:
    lived(chat, wave(720), until=noon)
    out, err, end = run("--workload", "chat-7b")

    lines = out.splitlines()
    assert lines[0] == "chat-7b: training …"
    assert lines[1].startswith("  last-value      loss 0.")
    assert "P95 covers" in lines[1]
    assert lines[2].startswith("  seasonal-naive  skipped: seasonal-naive has 540 of 540 steps")
    assert lines[3].startswith("chat-7b: last-value v1 serves, no other model could learn")
    assert (err, end) == ("", "")


def test_without_a_name_everybody_is_trained_and_failures_are_counted(
    chat: Workload, team_a: Team, noon: datetime
) -> None:
    lived(chat, wave(720), until=noon)
    make_workload(team_a, now=noon, name="young")
    out, err, end = run()

    assert "chat-7b: last-value v1 serves" in out
    assert err.startswith("young: young has 0 minutes of service.request.rate, 360 are needed")
    assert end == "1 of 2 workloads could not be trained"


def test_an_unknown_name_is_answered_with_those_that_exist(chat: Workload) -> None:
    assert run("--workload", "chat-8b")[2] == (
        "team 'team-a' has no workload 'chat-8b'; it has chat-7b"
    )


def test_a_team_without_workloads_is_told_how_to_make_one(db: None) -> None:
    ensure_team("team-a")

    assert run()[2] == "team 'team-a' has no workload; `apply -f FILE` makes one"


def test_while_a_worker_trains_the_command_says_so(chat: Workload, noon: datetime) -> None:
    lived(chat, wave(720), until=noon)
    with trainings.lease(chat, now=noon):
        _out, err, end = run("--workload", "chat-7b")

    assert err.startswith("chat-7b: a training of chat-7b began at 12:00:00 UTC and has not ended")
    assert end == "1 of 1 workloads could not be trained"
    assert not ModelVersion.objects.exists()


def test_help_shows_an_example() -> None:
    text = Command().create_parser("manage.py", "train").format_help()

    assert "python manage.py train --workload chat-7b" in text
    assert "--team SLUG" in text
