"""Decisions and orders over HTTP: newest first, with everything that led to them."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from controlplane.accounts.models import Team
from controlplane.decisions.actuate import execute
from controlplane.workloads.models import Workload
from tests.controlplane.api.conftest import NOW, Machine
from tests.controlplane.decisions.looks import decided, ordered
from tests.factories import make_workload

SECOND = timedelta(seconds=1)


def stamp(seconds: float) -> str:
    return quote((NOW + seconds * SECOND).isoformat())


def test_a_decision_tells_its_whole_trail(reader: Machine, chat: Workload) -> None:
    row = decided(chat, 9, now=NOW)[0]
    detail = reader("GET", f"/decisions/{row.public_id}").json()

    assert (detail["current"], detail["desired"], detail["wanted"]) == (5, 9, 9)
    assert detail["trail"]["steps"][0]["reason"] == "combine.largest"
    assert detail["snapshot"]["workload"] == "chat-7b"
    assert detail["mode"] == "auto"
    assert "9" in detail["sentence"]


def test_it_tells_what_came_of_it(reader: Machine, chat: Workload) -> None:
    order = ordered(chat, 9, now=NOW)
    execute(order.pk, now=NOW + SECOND)
    (found,) = reader("GET", f"/decisions/{order.decision.public_id}").json()["actuations"]

    assert (found["pool"], found["before"], found["desired"]) == ("private-a100", 5, 9)
    assert found["state"] == "applied"
    assert found["applied_at"] is not None


def test_a_decision_whose_snapshot_was_dropped_is_still_told(
    reader: Machine, chat: Workload
) -> None:
    row = decided(chat, 5, now=NOW)[0]
    type(row).objects.update(snapshot=None)
    detail = reader("GET", f"/decisions/{row.public_id}").json()

    assert detail["snapshot"] is None
    assert detail["trail"]["steps"]


def test_the_binding_guardrail_is_named(reader: Machine, admin: Machine, chat: Workload) -> None:
    admin("POST", "/workloads/chat-7b/override", {"size": 7, "duration_seconds": 60})
    admin("POST", "/workloads/chat-7b/evaluate")
    (item,) = reader("GET", "/decisions").json()["items"]

    assert (item["binding"], item["desired"]) == ("override", 7)


def test_a_list_is_newest_first_and_goes_on_at_its_cursor(reader: Machine, chat: Workload) -> None:
    for second in range(5):
        decided(chat, 5, now=NOW + second * SECOND)
    sizes = []
    cursor: str | None = ""
    while cursor is not None:
        found = reader("GET", f"/decisions?limit=2{cursor and f'&cursor={cursor}'}").json()
        sizes.append([row["at"][17:19] for row in found["items"]])
        cursor = found["next"]

    assert sizes == [["04", "03"], ["02", "01"], ["00"]]


def test_a_list_is_cut_by_workload_time_and_change(
    reader: Machine, chat: Workload, team_a: Team
) -> None:
    other = make_workload(team_a, now=NOW, name="other")
    other.pools.update(ready=1, observed_at=NOW)
    decided(other, 1, now=NOW)
    for second, size in ((0, 5), (10, 9), (20, 5)):
        decided(chat, size, now=NOW + second * SECOND)

    def found(query: str) -> list[str]:
        items = reader("GET", f"/decisions?{query}").json()["items"]
        return [f"{row['workload']} {row['at'][17:19]}" for row in items]

    assert found("workload=other") == ["other 00"]
    assert found("workload=chat-7b&changes=true") == ["chat-7b 10"]
    assert found(f"workload=chat-7b&from={stamp(10)}&to={stamp(20)}") == ["chat-7b 10"]
    assert found("workload=absent") == []


@pytest.mark.parametrize(
    "value", ["2026-03-02T12:00:00", "yesterday", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
              "0001-01-01T00:00:00%2B14:00", "1e30", "nan", "-1", "12:00"],
)  # fmt: skip
def test_a_time_that_is_none_or_has_no_zone_is_refused(reader: Machine, value: str) -> None:
    answer = reader("GET", f"/decisions?from={value}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/from"


def test_a_cursor_of_one_list_is_no_good_for_another(
    reader: Machine, admin: Machine, stranger: Machine, chat: Workload
) -> None:
    for second in range(2):
        decided(chat, 5, now=NOW + second * SECOND)
    cursor = reader("GET", "/decisions?limit=1").json()["next"]

    assert reader("GET", f"/decisions?cursor={cursor}").status_code == 200
    for caller, path in ((admin, "/actuations"), (admin, "/audit"), (stranger, "/decisions")):
        answer = caller("GET", f"{path}?cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (400, "query.cursor")


def test_orders_are_listed_with_their_decision(reader: Machine, chat: Workload) -> None:
    first = ordered(chat, 9, now=NOW)
    ordered(chat, 12, now=NOW + SECOND)
    items = reader("GET", "/actuations?workload=chat-7b").json()["items"]

    assert [row["desired"] for row in items] == [12, 9]
    assert items[1]["state"] == "superseded"
    assert items[1]["decision"] == first.decision.public_id


@pytest.mark.parametrize("path", ["/decisions", "/actuations"])
def test_a_list_costs_the_same_number_of_queries_however_long_it_is(
    reader: Machine, chat: Workload, django_assert_num_queries: Any, path: str
) -> None:
    ordered(chat, 9, now=NOW)
    reader("GET", path)
    for second in range(1, 6):
        decided(chat, 9 + second, now=NOW + second * SECOND)
    with django_assert_num_queries(2):
        items = reader("GET", path).json()["items"]

    assert len(items) == 6
