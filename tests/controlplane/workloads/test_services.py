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

    with pytest.raises(Conflict, match="belongs to workload 'chat-7b'"):
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


def test_a_target_of_another_team_is_refused_without_a_name(
    team_a: Team, team_b: Team, noon: datetime
) -> None:
    make_workload(team_a, now=noon)

    with pytest.raises(Conflict, match=r"belongs to another team's workload\.$"):
        make_workload(team_b, now=noon)


def test_two_pools_may_swap_their_targets_and_forget_what_was_seen_there(
    team_a: Team, noon: datetime
) -> None:
    def two(first: str, second: str) -> Workload:
        document = chat_document()
        pool = document["spec"]["pools"][0]
        document["spec"]["pools"] = [
            {**pool, "name": name, "target": {"kind": "simulated", "name": target}}
            for name, target in (("a", first), ("b", second))
        ]
        return services.save_document(team_a, validate(document), actor="t", now=noon).workload

    two("one", "two").pools.update(ready=7, observed_at=noon)
    row = two("two", "one")

    assert [pool.address["name"] for pool in row.pools.all()] == ["two", "one"]
    assert [pool.ready for pool in row.pools.all()] == [None, None]


def test_a_pin_outside_what_the_pools_can_hold_is_refused(team_a: Team, noon: datetime) -> None:
    document = chat_document()
    document["spec"]["pools"][0]["replicas"] = {"min": 2, "max": 10}
    row = services.save_document(team_a, validate(document), actor="t", now=noon).workload

    for size in (1, 11):
        with pytest.raises(InvalidInput, match="from 2 to 10"):
            services.place_override(row, size=size, lasting=timedelta(hours=1), actor="x", now=noon)


@pytest.mark.parametrize("lasting", [timedelta(0), timedelta(seconds=-1), timedelta(days=8)])
def test_an_override_that_never_begins_or_ends_is_refused(
    team_a: Team, noon: datetime, lasting: timedelta
) -> None:
    row = make_workload(team_a, now=noon)

    with pytest.raises(InvalidInput, match="from 1 s to 7 days"):
        services.place_override(row, size=3, lasting=lasting, actor="x", now=noon)


def test_somebody_who_creates_the_same_workload_at_this_moment_is_a_conflict(
    team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_workload(team_a, now=noon)
    nobody = Workload.objects.none()
    monkeypatch.setattr(Workload.objects, "select_for_update", lambda: nobody)

    with pytest.raises(Conflict) as caught:
        make_workload(team_a, now=noon, mode="off")
    assert caught.value.code == "workload.exists"
    assert Workload.objects.get().document == made.document


def test_a_version_of_a_workload_that_is_gone_cannot_bring_it_back(
    team_a: Team, noon: datetime
) -> None:
    row = make_workload(team_a, now=noon)
    etag = row.etag
    services.remove(row, actor="t", now=noon)

    with pytest.raises(Conflict) as caught:
        services.save_document(team_a, validate(chat_document()), actor="t", now=noon, etag=etag)
    assert caught.value.status == 412
    with pytest.raises(Conflict):
        services.remove(row, actor="t", now=noon)
