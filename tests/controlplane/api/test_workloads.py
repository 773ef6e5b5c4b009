"""Workloads over HTTP: a version protects every change, every fault has its place."""

from datetime import timedelta
from typing import Any

import pytest

from controlplane.accounts.models import AuditEntry, Team
from controlplane.decisions.models import DecisionRecord
from controlplane.workloads.models import Override, Pool, Workload
from tests.controlplane.api.conftest import NOW, Machine
from tests.factories import chat_document, make_workload


def created(admin: Machine, **spec: Any) -> Any:
    document = chat_document(**spec)
    return admin("POST", "/workloads", document)


def test_a_document_is_created_and_answered_with_its_version(admin: Machine) -> None:
    answer = created(admin)

    assert answer.status_code == 201
    assert answer["Location"] == "/api/v1/workloads/chat-7b"
    body = answer.json()
    assert answer["ETag"] == body["etag"]
    assert body["spec"]["slo"]["target"] == "200ms"
    assert body["status"]["health"] == "waiting"


def test_a_document_need_not_name_the_team_of_its_token(admin: Machine) -> None:
    document = chat_document()
    del document["metadata"]["team"]
    answer = admin("POST", "/workloads", document)

    assert answer.status_code == 201
    assert answer.json()["metadata"]["team"] == "team-a"


def test_a_document_of_another_team_is_refused(admin: Machine, team_b: Team) -> None:
    document = chat_document()
    document["metadata"]["team"] = "team-b"
    answer = admin("POST", "/workloads", document)

    assert (answer.status_code, answer.json()["code"]) == (422, "workload.team")
    assert not Workload.objects.exists()


def test_a_name_that_is_taken_is_a_conflict(admin: Machine) -> None:
    created(admin)
    again = created(admin)

    assert (again.status_code, again.json()["code"]) == (409, "workload.exists")


def test_a_scale_target_has_one_owner(admin: Machine) -> None:
    created(admin)
    twin = chat_document()
    twin["metadata"]["name"] = "twin"
    answer = admin("POST", "/workloads", twin)

    assert (answer.status_code, answer.json()["code"]) == (409, "target.taken")
    assert Pool.objects.count() == 1


def test_what_was_read_can_be_sent_back_and_changes_nothing(admin: Machine) -> None:
    created(admin)
    read = admin("GET", "/workloads/chat-7b")
    body = read.json()
    document = {key: body[key] for key in ("apiVersion", "kind", "metadata", "spec")}
    answer = admin("PUT", "/workloads/chat-7b", document, if_match=read["ETag"])

    assert answer.status_code == 200
    assert answer["ETag"] == read["ETag"]


def test_a_change_needs_the_version_that_was_read(admin: Machine) -> None:
    created(admin)
    answer = admin("PUT", "/workloads/chat-7b", chat_document(mode="off"))

    assert (answer.status_code, answer.json()["code"]) == (428, "request.precondition")


def test_the_second_of_two_changes_of_one_version_is_refused(admin: Machine) -> None:
    etag = created(admin)["ETag"]
    first = admin("PUT", "/workloads/chat-7b", chat_document(mode="off"), if_match=etag)
    second = admin("PUT", "/workloads/chat-7b", chat_document(mode="recommend"), if_match=etag)

    assert first.status_code == 200
    assert first["ETag"] != etag
    assert (second.status_code, second.json()["code"]) == (412, "workload.changed")
    assert Workload.objects.get().mode == "off"


@pytest.mark.parametrize("header", ["*", '"9.9", {etag}'])
def test_if_match_takes_a_star_and_a_list(admin: Machine, header: str) -> None:
    etag = created(admin)["ETag"]
    change = chat_document(mode="off")
    answer = admin("PUT", "/workloads/chat-7b", change, if_match=header.format(etag=etag))

    assert answer.status_code == 200


def test_the_name_in_path_and_document_must_agree(admin: Machine) -> None:
    etag = created(admin)["ETag"]
    document = chat_document()
    document["metadata"]["name"] = "other"
    answer = admin("PUT", "/workloads/chat-7b", document, if_match=etag)

    assert (answer.status_code, answer.json()["code"]) == (422, "workload.name")


def test_a_workload_is_forgotten_with_its_history(admin: Machine, chat: Workload) -> None:
    admin("POST", "/workloads/chat-7b/evaluate")
    assert admin("DELETE", "/workloads/chat-7b").status_code == 428
    assert admin("DELETE", "/workloads/chat-7b", if_match='"0.0"').status_code == 412
    gone = admin("DELETE", "/workloads/chat-7b", if_match=chat.etag)

    assert (gone.status_code, gone.content) == (204, b"")
    assert admin("GET", "/workloads/chat-7b").status_code == 404
    assert not DecisionRecord.objects.exists()
    assert AuditEntry.objects.get(action="workload.removed").actor == "token:test"


@pytest.mark.parametrize(
    ("path", "value", "pointer", "words"),
    [
        (("spec", "mod"), "auto", "/spec/mod", "did you mean 'mode'"),
        (("spec", "slo", "target"), 200, "/spec/slo/target", "duration with its unit"),
        (("spec", "slo", "target"), "0s", "/spec/slo/target", "longer than 0s"),
        (("spec", "replicas", "min"), "1", "/spec/replicas/min", "valid integer"),
        (("spec", "replicas", "min"), True, "/spec/replicas/min", "valid integer"),
        (("spec", "replicas", "min"), 50, "/spec/replicas", "min 50 is above max 40"),
        (("spec", "replicas", "max"), 10**9, "/spec/replicas/max", "less than or equal"),
        (("spec", "capacity", "per_replica"), "12", "/spec/capacity/per_replica", "number"),
        (("spec", "guardrails", "tolerance"), "100%", "/spec/guardrails/tolerance", "less than 1"),
        (("spec", "guardrails", "cooldown"), "9e9h", "/spec/guardrails/cooldown", "its unit"),
        (("spec", "guardrails", "cooldown"), "99999999d", "/spec/guardrails/cooldown", "longer"),
        (("spec", "pools"), [], "/spec/pools", "at least 1"),
        (("metadata", "name"), "Chat 7B", "/metadata/name", "pattern"),
        (("metadata", "labels"), {"model": " "}, "/metadata/labels/model", "pattern"),
        (("metadata", "labels"), {"a b": "x"}, "/metadata/labels/a b/[key]", "pattern"),
        (("kind",), "Deployment", "/kind", "'Workload'"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place_and_a_hint(
    admin: Machine, path: tuple[str, ...], value: Any, pointer: str, words: str
) -> None:
    document = chat_document()
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    answer = admin("POST", "/workloads", document)

    assert answer.status_code == 422
    fault = answer.json()["errors"][0]
    assert fault["pointer"] == pointer
    assert words in fault["message"]
    assert not Workload.objects.exists()


def test_every_fault_is_told_at_once(admin: Machine) -> None:
    document = chat_document(mode="yes", baseline={"replicas": 0})
    document["spec"]["colour"] = "red"
    pointers = {each["pointer"] for each in admin("POST", "/workloads", document).json()["errors"]}

    assert pointers == {"/spec/mode", "/spec/baseline/replicas", "/spec/colour"}


def test_a_list_has_spec_status_and_a_cursor(admin: Machine, team_a: Team) -> None:
    for number in range(3):
        make_workload(team_a, now=NOW, name=f"w{number}")
    first = admin("GET", "/workloads?limit=2").json()
    second = admin("GET", f"/workloads?limit=2&cursor={first['next']}").json()

    assert [row["name"] for row in first["items"]] == ["w2", "w1"]
    assert [row["name"] for row in second["items"]] == ["w0"]
    assert second["next"] is None


def test_a_list_costs_the_same_number_of_queries_however_long_it_is(
    admin: Machine, team_a: Team, django_assert_num_queries: Any
) -> None:
    make_workload(team_a, now=NOW, name="first")
    admin("GET", "/workloads")
    for number in range(5):
        make_workload(team_a, now=NOW, name=f"w{number}")
    with django_assert_num_queries(3):
        found = admin("GET", "/workloads").json()["items"]

    assert len(found) == 6


def test_a_pause_holds_and_a_resume_lifts_everything(admin: Machine, chat: Workload) -> None:
    paused = admin("POST", "/workloads/chat-7b/pause").json()
    admin("POST", "/workloads/chat-7b/override", {"size": 3, "duration_seconds": 60})
    resumed = admin("POST", "/workloads/chat-7b/resume").json()

    assert (paused["paused"], resumed["paused"]) == (True, False)
    assert not any(each.active(NOW) for each in Override.objects.all())
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions)[-3:] == ["workload.paused", "workload.override", "workload.resumed"]


def test_an_override_says_until_when_and_by_whom(admin: Machine, chat: Workload) -> None:
    wish = {"size": 7, "duration_seconds": 3600, "reason": "launch"}
    answer = admin("POST", "/workloads/chat-7b/override", wish)

    assert answer.status_code == 200
    assert answer.json() == {
        "size": 7,
        "until": (NOW + timedelta(hours=1)).isoformat().replace("+00:00", "Z"),
        "by": "token:test",
        "reason": "launch",
    }


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"size": 41, "duration_seconds": 60}, None),
        ({"size": 0, "duration_seconds": 60}, None),
        ({"size": 3}, "/duration_seconds"),
        ({"size": 3, "duration_seconds": 0}, "/duration_seconds"),
        ({"size": 3, "duration_seconds": 10**7}, "/duration_seconds"),
        ({"size": "3", "duration_seconds": 60}, "/size"),
        ({"size": 3.5, "duration_seconds": 60}, "/size"),
        ({"size": True, "duration_seconds": 60}, "/size"),
        ({"size": 3, "duration_seconds": True}, "/duration_seconds"),
        ({"size": 3, "duration_seconds": 60, "reason": "a\nb"}, "/reason"),
        ({"size": 3, "duration_seconds": 60, "reasom": "x"}, "/reasom"),
        ([1], ""),
        ("x", ""),
        (None, ""),
    ],
)
def test_an_override_that_is_not_right_is_refused(
    admin: Machine, chat: Workload, wish: Any, pointer: str | None
) -> None:
    answer = admin("POST", "/workloads/chat-7b/override", wish)

    assert answer.status_code == 422
    if pointer:
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert not Override.objects.exists()


def test_a_misspelt_key_is_answered_with_the_right_one(admin: Machine, chat: Workload) -> None:
    wish = {"siz": 3, "duration_seconds": 60}
    answer = admin("POST", "/workloads/chat-7b/override", wish)

    assert answer.json()["errors"][0]["message"] == "unknown key 'siz'; did you mean 'size'?"


def test_evaluate_decides_now_and_answers_with_the_trail(admin: Machine, chat: Workload) -> None:
    answer = admin("POST", "/workloads/chat-7b/evaluate")

    assert answer.status_code == 200
    body = answer.json()
    assert (body["cause"], body["current"], body["desired"]) == ("person", 5, 5)
    assert body["sentence"]
    assert body["trail"]["steps"]


def test_evaluate_says_so_when_there_is_nothing_to_decide(admin: Machine, team_a: Team) -> None:
    make_workload(team_a, now=NOW, mode="off")
    answer = admin("POST", "/workloads/chat-7b/evaluate")

    assert (answer.status_code, answer.json()["code"]) == (409, "decision.none")


def test_status_tells_what_the_last_look_saw(admin: Machine, chat: Workload) -> None:
    admin("POST", "/workloads/chat-7b/override", {"size": 9, "duration_seconds": 60})
    decision = admin("POST", "/workloads/chat-7b/evaluate").json()
    status = admin("GET", "/workloads/chat-7b").json()["status"]

    assert status["replicas"] == {"desired": 9, "ready": 5, "pending": 0}
    assert status["last_decision"]["id"] == decision["id"]
    assert "sparkline" not in status["figures"]
