"""`apply` and `export`: all or nothing, what is written reads back, and every field survives."""

import io
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from controlplane.accounts.models import AuditEntry, Team
from controlplane.workloads.models import Workload
from tests.factories import CHAT, chat_document, make_workload

# Every field of the spec, none of them at its default.
EVERYTHING = """
apiVersion: tidewise/v1
kind: Workload
metadata:
  name: everything
  team: team-a
  labels: {model: "1.5e3", zone: "no", version: "1.10", note: "é: {x} # - y", odd: "~", n: "0x1f"}
spec:
  slo: {signal: experience.ttft, quantile: 0.99, target: 1s500ms, objective: 99.95%}
  demand: {signal: business.orders.rate}
  capacity: {per_replica: 3.25, slots: 4, service_time: 250ms, timeout: 1m30s}
  replicas: {min: 2, max: 60}
  pools:
    - name: base
      target: {kind: simulated, name: everything-base}
      accelerator: "H100 8x"
      role: base
      share: 60%
      price: {amount: "2.50", currency: EUR}
      lead_time: 7m
      replicas: {min: 2, max: 20}
    - name: burst
      target: {kind: simulated, name: everything-burst}
      role: burst
      price: {amount: "0.000001", currency: EUR}
      replicas: {min: 0, max: 40}
  policies:
    - {kind: threshold, signal: infra.gpu.utilization, above: 85%, for: 5m, add: 2}
    - {kind: threshold, signal: infra.gpu.utilization, below: 33.333%, for: 15m, remove: 1}
    - {kind: threshold, signal: experience.ttft, above: 750ms, for: 0s, add: 1}
    - {kind: target, signal: service.requests.running, per_replica: 8.5}
    - {kind: target, signal: infra.gpu.utilization, value: 70%}
    - {kind: predictive, horizon: 45m, quantile: 0.9, utilization: 65%}
    - {kind: idle, signal: infra.cpu.utilization, below: 12.5%, for: 20m, release_to: 3}
  guardrails:
    tolerance: 5%
    max_step_up: 8
    max_step_down: 2
    scale_down_stabilization: 0s
    cooldown: 90s
    cooldown_down: 1h30m
  baseline: {kind: static-peak, replicas: 25}
  mode: auto
"""


def applied(text: str, tmp_path: Path, **options: Any) -> str:
    path = tmp_path / "workloads.yaml"
    path.write_text(text, encoding="utf-8")
    out = StringIO()
    call_command("apply", file=str(path), stdout=out, **options)
    return out.getvalue()


def exported(*names: str, **options: Any) -> str:
    out = StringIO()
    call_command("export", *names, stdout=out, **options)
    return out.getvalue()


def renamed(name: str, **spec: Any) -> str:
    document = chat_document(**spec)
    document["metadata"]["name"] = document["spec"]["pools"][0]["target"]["name"] = name
    return yaml.safe_dump(document)


@pytest.mark.parametrize("text", [CHAT, EVERYTHING], ids=["chat", "everything"])
def test_what_is_exported_applies_as_unchanged(db: None, tmp_path: Path, text: str) -> None:
    applied(text, tmp_path)
    stored = Workload.objects.get().document
    first = exported()
    again = applied(first, tmp_path)

    assert again.strip() == f"workload/{stored['metadata']['name']} unchanged"
    assert Workload.objects.get().document == stored
    assert Workload.objects.get().revision == 1
    assert exported() == first


def test_every_field_that_was_written_is_exported(db: None, tmp_path: Path) -> None:
    applied(EVERYTHING, tmp_path)
    written, read = yaml.safe_load(EVERYTHING), yaml.safe_load(exported())

    assert _leaves(read) >= _leaves(written) - {
        # said in another, equal way
        ("spec/slo/target", "1s500ms"),
        ("spec/capacity/timeout", "1m30s"),
        ("spec/guardrails/cooldown_down", "1h30m"),
        ("spec/policies/2/above", "750ms"),
        # the default, which is not repeated
        ("spec/pools/0/role", "base"),
        ("spec/baseline/kind", "static-peak"),
    }


def _leaves(value: Any, path: str = "") -> set[tuple[str, Any]]:
    if isinstance(value, dict):
        return {leaf for key, item in value.items() for leaf in _leaves(item, f"{path}/{key}")}
    if isinstance(value, list):
        return {leaf for n, item in enumerate(value) for leaf in _leaves(item, f"{path}/{n}")}
    return {(path[1:], value)}


def test_a_new_workload_and_its_new_team_are_told_with_a_diff(db: None, tmp_path: Path) -> None:
    lines = applied(CHAT, tmp_path).splitlines()

    assert lines[:2] == ["team/team-a created", "workload/chat-7b created"]
    assert "+  mode: auto" in lines


def test_a_change_is_told_by_the_lines_that_differ(
    team_a: Team, noon: datetime, tmp_path: Path
) -> None:
    make_workload(team_a, now=noon)
    lines = applied(renamed("chat-7b", mode="recommend"), tmp_path).splitlines()

    assert lines[0] == "workload/chat-7b changed"
    changed = [line for line in lines if line.startswith(("+ ", "- "))]
    assert changed == ["-  mode: auto", "+  mode: recommend"]


def test_a_dry_run_writes_nothing_at_all(db: None, tmp_path: Path) -> None:
    out = applied(CHAT, tmp_path, dry_run=True)

    assert out.splitlines()[-1] == "dry run: nothing was changed"
    assert not Workload.objects.exists()
    assert not Team.objects.exists()
    assert not AuditEntry.objects.exists()


def test_one_bad_workload_of_several_leaves_all_unapplied(
    team_a: Team, noon: datetime, tmp_path: Path
) -> None:
    make_workload(team_a, now=noon)
    good, changed = renamed("good"), renamed("chat-7b", mode="off")
    bad = renamed("bad").replace("mode: auto", "mode: full")

    with pytest.raises(CommandError, match="document 3 of 3: /spec/mode"):
        applied("---\n".join([good, changed, bad]), tmp_path)
    assert [row.name for row in Workload.objects.all()] == ["chat-7b"]
    assert Workload.objects.get().mode == "auto"


def test_a_conflict_in_the_last_of_several_undoes_the_others_and_claims_nothing(
    team_a: Team, noon: datetime, tmp_path: Path
) -> None:
    make_workload(team_a, now=noon)
    thief = yaml.safe_load(renamed("thief"))
    thief["spec"]["pools"][0]["target"]["name"] = "chat-7b"
    path = tmp_path / "two.yaml"
    path.write_text("---\n".join([renamed("good"), yaml.safe_dump(thief)]))
    out = StringIO()

    with pytest.raises(CommandError, match="belongs to workload 'chat-7b'"):
        call_command("apply", file=str(path), stdout=out)
    assert Workload.objects.count() == 1
    assert out.getvalue() == ""


def test_every_fault_is_told_with_its_path(db: None, tmp_path: Path) -> None:
    text = CHAT.replace("cooldown: 60s", "coldown: 60s").replace("target: 200ms", "target: 200")

    with pytest.raises(CommandError) as caught:
        applied(text, tmp_path)
    first, second = str(caught.value).splitlines()
    assert first.startswith("/spec/slo/target: ")
    assert second == ("/spec/guardrails/coldown: unknown key 'coldown'; did you mean 'cooldown'?")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"a: &x [*x]\n", "aliases are refused"),
        (b"a: &a [1]\nb: &b [*a,*a]\nc: [*b,*b]\n", "aliases are refused"),
        (b"a: !!python/object/apply:os.system [id]\n", "is refused"),
        (b"a: 1\na: 2\n", "given twice"),
        (b"x" * (5 * 2**20), "over 4 MiB"),
        ("é".encode() * (3 * 2**20), "over 4 MiB"),
        (b"", "holds no workload"),
        (b"--- \n---\n", "holds no workload"),
        (b"just text\n", "is a mapping"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_a_file_that_is_no_good_is_refused_in_one_line(
    db: None, tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "bad.yaml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(CommandError, match=words) as caught:
        call_command("apply", file=str(path))
    assert len(str(caught.value).splitlines()) == 1


def test_a_folder_is_not_a_file(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("apply", file=str(tmp_path))


def test_standard_input_is_read_for_a_dash(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(CHAT.encode())))
    out = StringIO()
    call_command("apply", file="-", stdout=out)

    assert "workload/chat-7b created" in out.getvalue()


def test_export_of_chosen_workloads_and_teams(team_a: Team, team_b: Team, noon: datetime) -> None:
    for team, name in ((team_a, "one"), (team_a, "two"), (team_b, "three")):
        make_workload(team, now=noon, name=name)

    def names(text: str) -> list[str]:
        return [each["metadata"]["name"] for each in yaml.safe_load_all(text)]

    assert names(exported()) == ["one", "two", "three"]
    assert names(exported("two")) == ["two"]
    assert names(exported(team="team-b")) == ["three"]
    with pytest.raises(CommandError, match="no workload named absent, never"):
        exported("one", "never", "absent")


def test_hundreds_of_workloads_are_exported_and_read_back(
    team_a: Team, noon: datetime, tmp_path: Path
) -> None:
    document = make_workload(team_a, now=noon).document
    Workload.objects.bulk_create(
        Workload(team=team_a, name=f"w{n}", mode="off", revision=1, document=_named(document, n))
        for n in range(70)
    )
    text = exported()

    assert applied(text, tmp_path, dry_run=True).count(" unchanged") == 71


def _named(document: dict[str, Any], number: int) -> dict[str, Any]:
    pools = [
        {**document["spec"]["pools"][0], "target": {"kind": "simulated", "name": f"w{number}"}}
    ]
    return {
        **document,
        "metadata": {**document["metadata"], "name": f"w{number}"},
        "spec": {**document["spec"], "pools": pools, "mode": "off"},
    }
