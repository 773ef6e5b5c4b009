"""`doctor` looks at everything, says what to do, and is not zero when something is wrong."""

import json
import os
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import Error, Warning  # noqa: A004 - Django's own names
from django.core.management import call_command
from django.db import OperationalError
from django.db.migrations.executor import MigrationExecutor
from kombu import Connection

from controlplane.accounts.models import Team
from controlplane.api import diagnosis
from controlplane.api.diagnosis import clock as compared
from controlplane.common.heartbeats import beat
from controlplane.common.models import Heartbeat
from controlplane.workloads.models import Workload
from tests.controlplane.api.conftest import NOW


@pytest.fixture
def healthy(db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation in which everything is well."""
    settings.DATA_DIR = tmp_path
    settings.STATIC_ROOT = tmp_path / "static"
    settings.BROKER_URL = "memory://"
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "staticfiles.json").write_text("{}")
    monkeypatch.setattr(diagnosis, "run_checks", lambda **_words: [])
    monkeypatch.setattr(diagnosis, "clock", lambda _now: diagnosis.Finding("clock", "noon"))
    for loop in diagnosis.LOOPS:
        beat(loop, now=NOW - timedelta(seconds=20))
    get_user_model().objects.create_user("ann")
    return tmp_path


def ill() -> dict[str, tuple[str, str]]:
    """What is wrong: what → (said, advice)."""
    return {
        found.what: (found.said, found.advice)
        for found in diagnosis.examine(now=NOW)
        if not found.well
    }


def doctor() -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("doctor", stdout=out)
    except SystemExit as stop:
        return int(str(stop.code)), out.getvalue()
    return 0, out.getvalue()


def test_a_healthy_installation_is_told_so(healthy: Path) -> None:
    code, text = doctor()

    assert code == 0
    assert text.splitlines()[-1] == "Everything is well."
    assert all(line.startswith("ok ") for line in text.splitlines()[:-1])


def test_one_fault_is_enough_to_fail_and_its_line_says_what_to_do(healthy: Path) -> None:
    (healthy / "static" / "staticfiles.json").unlink()
    code, text = doctor()

    assert code == 1
    (line,) = [line for line in text.splitlines() if line.startswith("FAILED")]
    assert "static files: not collected" in line
    assert "run `python manage.py collectstatic`" in line
    assert text.splitlines()[-1] == "1 to see to."


def test_a_start_up_error_fails_and_a_warning_is_only_told(
    healthy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = [
        Error("bad key", hint="write another", id="CP.E001"),
        Warning("plain", id="CP.W001"),
    ]
    monkeypatch.setattr(diagnosis, "run_checks", lambda **_words: messages)
    found = [each for each in diagnosis.examine(now=NOW) if each.what == "settings"]

    assert [(each.well, each.said[:7]) for each in found] == [(False, "CP.E001"), (True, "CP.W001")]
    assert found[0].advice == "write another"


def test_a_data_directory_that_is_not_there_is_found(healthy: Path, settings: Any) -> None:
    settings.DATA_DIR = healthy / "absent"

    assert "cannot be written" in ill()["data directory"][0]


def test_a_disk_that_is_nearly_full_is_found(
    healthy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "LEAST_FREE_BYTES", 2**62)

    assert "free some space" in ill()["data directory"][1]


def test_a_database_that_is_down_is_found_and_nothing_is_read_from_it(
    healthy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Down:
        vendor = "postgresql"

        def cursor(self) -> None:
            raise OperationalError("connection to postgresql://ann:hunter2@db failed\nmore")

    monkeypatch.setattr(diagnosis, "connection", Down())
    found = list(diagnosis.examine(now=NOW))

    assert found[-1].what == "broker"
    said = ill()["database"][0]
    assert "hunter2" not in said
    assert "more" not in said


def test_a_damaged_database_file_is_found(healthy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Cursor:
        def __enter__(self) -> "Cursor":
            return self

        def __exit__(self, *_error: object) -> None:
            return None

        def execute(self, _statement: str) -> None:
            return None

        def fetchone(self) -> tuple[str]:
            return ("row 7 missing from index",)

    class Damaged:
        vendor = "sqlite"

        def cursor(self) -> Cursor:
            return Cursor()

    monkeypatch.setattr(diagnosis, "connection", Damaged())

    assert ill()["database"] == ("damaged: row 7 missing from index", "restore a backup")


def test_migrations_that_are_missing_are_named(
    healthy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Missing:
        app_label, name = "decisions", "0009_more"

    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_args: [(Missing, False)] * 5)
    said, advice = ill()["migrations"]

    assert said.startswith("not applied: decisions.0009_more")
    assert said.endswith("and 2 more")
    assert "migrate" in advice


def test_a_broker_that_does_not_answer_is_found_without_its_password(
    healthy: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BROKER_URL = "amqp://ann:hunter2@broker:5672//"

    def refuse(self: Connection, **_words: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(Connection, "ensure_connection", refuse)
    said, advice = ill()["broker"]

    assert said == "amqp://ann:[hidden]@broker:5672// does not answer (ConnectionRefusedError)"
    assert "BROKER_URL" in advice


def test_the_broker_of_a_running_up_is_asked(
    healthy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (healthy / "run").mkdir()
    (healthy / "run" / "up.json").write_text(json.dumps({"BROKER_URL": "redis+socket:///x.sock"}))
    asked = []
    monkeypatch.setattr(
        Connection, "ensure_connection", lambda self, **_words: asked.append(self.as_uri())
    )

    assert "broker" not in ill()
    assert asked
    assert "x.sock" in asked[0]


@pytest.mark.parametrize("content", ["", "[]", "{", '"x"'])
def test_a_state_file_that_is_garbage_is_as_good_as_none(healthy: Path, content: str) -> None:
    (healthy / "run").mkdir()
    (healthy / "run" / "up.json").write_text(content)

    assert ill() == {}


def test_a_loop_that_stopped_is_found_with_its_age(healthy: Path) -> None:
    beat("reconcile", now=NOW - timedelta(minutes=7))

    assert ill()["loop reconcile"][0] == "last ran 7 min ago"


def test_a_loop_that_never_ran_is_found_unless_up_was_just_started(healthy: Path) -> None:
    Heartbeat.objects.filter(loop="costs").delete()
    assert ill()["loop costs"][0] == "never ran"

    (healthy / "run").mkdir()
    state = healthy / "run" / "up.json"
    state.write_text("{}")
    started = (NOW - timedelta(seconds=30)).timestamp()
    os.utime(state, (started, started))
    assert ill() == {}


def test_clocks_that_disagree_are_found(healthy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Cursor:
        def __enter__(self) -> "Cursor":
            return self

        def __exit__(self, *_error: object) -> None:
            return None

        def execute(self, _statement: str) -> None:
            return None

        def fetchone(self) -> tuple[datetime]:
            return (datetime(2026, 3, 2, 12, 0, 9, tzinfo=UTC),)

    class Elsewhere:
        vendor = "postgresql"

        def cursor(self) -> Cursor:
            return Cursor()

    monkeypatch.setattr(diagnosis, "connection", Elsewhere())
    found = compared(NOW)

    assert (found.said, found.advice) == ("9.0 s from the database's", "synchronise both with NTP")
    assert compared(NOW + timedelta(seconds=7)).well


def test_nobody_who_may_log_in_is_found(healthy: Path) -> None:
    get_user_model().objects.update(is_active=False)

    assert "login_link" in ill()["people"][1]


def test_a_pool_that_cannot_be_read_is_found_by_name(healthy: Path, chat: Workload) -> None:
    chat.pools.update(trouble="the credential was revoked")

    assert ill()["pools"][0] == "chat-7b/private-a100: the credential was revoked"


def test_a_team_without_workloads_is_well(healthy: Path, team_a: Team) -> None:
    assert ill() == {}
