"""Saving is idempotent, versions protect each other, and pins stay inside the bounds."""

from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from controlplane.accounts.models import AuditEntry, Team
from controlplane.common.errors import Conflict, InvalidInput
from controlplane.workloads import services
from controlplane.workloads.models import Override, Workload
from controlplane.workloads.parse import validate
from tests.factories import CHAT, chat_document, make_workload


def test_saving_the_same_document_twice_changes_nothing(team_a: Team, noon: datetime) -> None:
    first = make_workload(team_a, now=noon)
    second = make_workload(team_a, now=noon)

    assert (first.pk, first.revision) == (second.pk, second.revision)
    assert AuditEntry.objects.filter(action="workload.created").count() == 1


def test_a_change_raises_the_revision_and_keeps_what_was_observed(
    team_a: Team, noon: datetime
) -> None:
    row = make_workload(team_a, now=noon)
    row.pools.update(ready=7, observed_at=noon)
    changed = make_workload(team_a, now=noon, mode="recommend")

    assert changed.revision == row.revision + 1
    assert changed.pools.get().ready == 7


def test_an_old_etag_cannot_overwrite_a_newer_revision(team_a: Team, noon: datetime) -> None:
    row = make_workload(team_a, now=noon)
    old = row.etag
    make_workload(team_a, now=noon, mode="off")

    with pytest.raises(Conflict) as caught:
        services.save_document(team_a, validate(chat_document()), actor="test", now=noon, etag=old)
    assert caught.value.status == 412


def test_two_workloads_cannot_own_one_scale_target(team_a: Team, noon: datetime) -> None:
    make_workload(team_a, now=noon)
    twin = chat_document()
    twin["metadata"]["name"] = "twin"

    with pytest.raises(Conflict, match="belongs to another workload"):
        services.save_document(team_a, validate(twin), actor="test", now=noon)
    assert Workload.objects.count() == 1


def test_a_pin_outside_the_bounds_is_refused_at_the_door(team_a: Team, noon: datetime) -> None:
    row = make_workload(team_a, now=noon)

    with pytest.raises(InvalidInput, match="from 1 to 40"):
        services.place_override(row, size=41, lasting=timedelta(hours=1), actor="x", now=noon)


def test_a_new_override_lifts_the_one_before(team_a: Team, noon: datetime) -> None:
    row = make_workload(team_a, now=noon)
    for size in (3, None):
        services.place_override(row, size=size, lasting=timedelta(hours=1), actor="x", now=noon)

    active = [each.size for each in Override.objects.all() if each.active(noon)]
    assert active == [None]


def test_export_then_apply_is_a_no_op(team_a: Team, noon: datetime, tmp_path: Path) -> None:
    make_workload(team_a, now=noon)
    out = StringIO()
    call_command("export", stdout=out)
    path = tmp_path / "all.yaml"
    path.write_text(out.getvalue())
    again = StringIO()
    call_command("apply", file=str(path), stdout=again)

    assert again.getvalue().strip() == "workload/chat-7b unchanged"


def test_a_dry_run_shows_the_diff_and_writes_nothing(db: None, tmp_path: Path) -> None:
    path = tmp_path / "chat.yaml"
    path.write_text(CHAT)
    out = StringIO()
    call_command("apply", file=str(path), dry_run=True, stdout=out)

    assert "+  mode: auto" in out.getvalue()
    assert not Workload.objects.exists()


def test_apply_says_where_a_file_is_wrong(db: None, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(CHAT.replace("mode: auto", "mode: yes"))

    with pytest.raises(CommandError, match="/spec/mode"):
        call_command("apply", file=str(path))
