"""Savings, tokens, the audit log, the catalogue and series over HTTP."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from controlplane.accounts.models import ApiToken, AuditEntry
from controlplane.accounts.tokens import matches
from controlplane.costs.models import CostEntry
from controlplane.metrics.ingest import Run, accept_own, backfill
from controlplane.workloads.models import Workload
from tests.controlplane.api.conftest import NOW, Machine

HOUR = timedelta(hours=1)
RATE = "service.request.rate"


def pay(chat: Workload, hours_ago: int, cost: str, **more: Any) -> None:
    columns = {"currency": "USD", "covered": 1.0, "replica_hours": Decimal(4)} | more
    CostEntry.objects.create(
        workload=chat, hour=NOW - hours_ago * HOUR, cost=Decimal(cost), **columns
    )


def test_savings_are_sums_of_exact_decimals(reader: Machine, chat: Workload) -> None:
    for hours_ago in (1, 2, 3):
        pay(chat, hours_ago, "0.1", baseline_cost=Decimal("0.3"))
    (item,) = reader("GET", "/savings").json()["items"]

    assert Decimal(item["cost"]) == Decimal("0.3")
    assert Decimal(item["saved"]) == Decimal("0.6")
    assert (item["baseline"], item["hours"], item["covered_hours"]) == ("static-peak", 3, 3.0)


def test_scaling_that_cost_more_is_shown_as_negative(reader: Machine, chat: Workload) -> None:
    pay(chat, 1, "10", baseline_cost=Decimal(4))
    (item,) = reader("GET", "/savings").json()["items"]

    assert Decimal(item["saved"]) == Decimal(-6)


def test_without_a_baseline_nothing_is_said_about_savings(reader: Machine, chat: Workload) -> None:
    pay(chat, 1, "10")
    (item,) = reader("GET", "/savings").json()["items"]

    assert (item["saved"], item["baseline"], item["baseline_cost"]) == (None, None, None)


def test_hours_without_a_baseline_do_not_count_against_those_with_one(
    reader: Machine, chat: Workload
) -> None:
    pay(chat, 2, "10")
    pay(chat, 1, "10", baseline_cost=Decimal(50))
    (item,) = reader("GET", "/savings").json()["items"]

    assert (Decimal(item["cost"]), Decimal(item["saved"])) == (Decimal(20), Decimal(40))


def test_currencies_are_never_added_up(reader: Machine, chat: Workload) -> None:
    pay(chat, 2, "10", currency="CNY")
    pay(chat, 1, "3")
    items = reader("GET", "/savings").json()["items"]

    assert [(row["currency"], Decimal(row["cost"])) for row in items] == [
        ("CNY", Decimal(10)),
        ("USD", Decimal(3)),
    ]


def test_a_span_counts_the_hours_that_begin_in_it(reader: Machine, chat: Workload) -> None:
    for hours_ago in (1, 2, 3, 30):
        pay(chat, hours_ago, "1")
    start, end = (quote((NOW - hours * HOUR).isoformat()) for hours in (3, 1))
    body = reader("GET", f"/savings?from={start}&to={end}").json()

    assert Decimal(body["items"][0]["cost"]) == Decimal(2)
    assert body["from"] == (NOW - 3 * HOUR).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("query", "status"),
    [("workload=absent", 404), ("from=2026-03-03T00:00:00Z&to=2026-03-02T00:00:00Z", 422)],
)
def test_a_wrong_question_about_savings_is_refused(
    reader: Machine, chat: Workload, query: str, status: int
) -> None:
    assert reader("GET", f"/savings?{query}").status_code == status


def test_a_token_is_shown_once_and_only_its_hash_is_kept(admin: Machine) -> None:
    answer = admin("POST", "/tokens", {"name": "prometheus", "scopes": ["ingest:write"]})

    assert answer.status_code == 201
    token = answer.json()["token"]
    row = ApiToken.objects.get(name="prometheus")
    assert matches(token, row.digest)
    listed = admin("GET", "/tokens").content.decode()
    assert token not in listed
    assert row.digest not in listed
    assert token not in str(list(AuditEntry.objects.values()))


def test_a_revoked_token_is_dead_at_once_and_stays_listed(admin: Machine) -> None:
    made = admin("POST", "/tokens", {"name": "old", "scopes": ["read"]}).json()
    old = Machine(made["token"])
    assert old("GET", "/workloads").status_code == 200
    gone = admin("DELETE", f"/tokens/{made['prefix']}")

    assert (gone.status_code, gone.content) == (204, b"")
    assert old("GET", "/workloads").status_code == 401
    revoked = {row["name"]: row["revoked_at"] for row in admin("GET", "/tokens").json()["items"]}
    assert revoked["old"] is not None


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"name": "x", "scopes": []}, "/scopes"),
        ({"name": "x"}, "/scopes"),
        ({"name": "", "scopes": ["read"]}, "/name"),
        ({"name": " x", "scopes": ["read"]}, "/name"),
        ({"name": "a\u001bb", "scopes": ["read"]}, "/name"),
        ({"name": "x" * 81, "scopes": ["read"]}, "/name"),
        ({"name": "x", "scopes": "read"}, "/scopes"),
        ({"name": "x", "scopes": [1]}, "/scopes/0"),
        ({"name": "x", "scopes": ["read"], "team": "team-b"}, "/team"),
    ],
)
def test_a_token_that_is_not_right_is_refused(admin: Machine, wish: Any, pointer: str) -> None:
    before = ApiToken.objects.count()
    answer = admin("POST", "/tokens", wish)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert ApiToken.objects.count() == before


def test_an_unknown_scope_is_answered_with_the_known_ones(admin: Machine) -> None:
    answer = admin("POST", "/tokens", {"name": "x", "scopes": ["write"]})

    assert (answer.status_code, answer.json()["code"]) == (422, "token.scope")
    assert "ingest:write" in answer.json()["detail"]


def test_the_audit_log_tells_who_did_what_and_hides_secrets(admin: Machine, chat: Workload) -> None:
    reason = (
        "see https://ann:hunter2@wiki/x and tw_abcdefgh_0123456789012345678901234567890123456789012"
    )
    admin("POST", "/workloads/chat-7b/override", {"duration_seconds": 60, "reason": reason[:300]})
    entry = admin("GET", "/audit?limit=1").json()["items"][0]

    assert (entry["actor"], entry["action"]) == ("token:test", "workload.override")
    assert "hunter2" not in str(entry)
    assert "01234567890" not in str(entry)


def test_the_catalogue_says_what_was_ever_seen(reader: Machine, chat: Workload) -> None:
    accept_own(chat.team_id, [(RATE, {"workload": chat.name}, 20.0)], now=NOW)
    items = {row["signal"]: row for row in reader("GET", "/signals").json()["items"]}

    assert items[RATE]["seen"]
    assert items[RATE]["unit"] == "{request}/s"
    assert not items["experience.ttft"]["seen"]


def test_a_series_has_its_labels_and_its_points(reader: Machine, chat: Workload) -> None:
    at = NOW - timedelta(seconds=5)
    accept_own(chat.team_id, [(RATE, {"workload": chat.name}, 20.0)], now=at)
    found = reader("GET", f"/series?signal={RATE}&workload=chat-7b").json()["series"]

    assert found[0]["labels"]["workload"] == "chat-7b"
    assert found[0]["points"][-1] == [at.timestamp(), 20.0]


def test_a_signal_that_nobody_sent_has_no_series(reader: Machine, chat: Workload) -> None:
    assert reader("GET", f"/series?signal={RATE}").json() == {"series": []}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),
        (f"signal={'x' * 129}", 422),
        (f"signal={RATE}&workload=absent", 404),
        (f"signal={RATE}&step=0", 422),
        (f"signal={RATE}&step=-1", 422),
        (f"signal={RATE}&step=nan", 422),
        (f"signal={RATE}&step=0.001", 422),
        (f"signal={RATE}&start=2026-03-02T13:00:00Z&end=2026-03-02T12:00:00Z", 422),
        (f"signal={RATE}&start=2024-01-01T00:00:00Z&end=2026-03-02T12:00:00Z", 422),
        (f"signal={RATE}&start=1970-01-01T00:00:00Z&end=2100-01-01T00:00:00Z", 422),
        (f"signal={RATE}&start=0001-01-01T00:00:00Z&end=0001-01-02T00:00:00Z", 422),
        (f"signal={RATE}&start=2026-03-02T11:00:00&end=2026-03-02T12:00:00", 422),
        (f"signal={RATE}&signal={RATE}", 400),
    ],
)
def test_a_wrong_question_about_a_series_is_refused(
    reader: Machine, chat: Workload, query: str, status: int
) -> None:
    answer = reader("GET", f"/series?{query}")

    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"


def test_a_series_never_has_more_than_eleven_thousand_points(
    reader: Machine, chat: Workload
) -> None:
    stamps = round(NOW.timestamp() * 1000) - 1000 * np.arange(30_000, dtype=np.int64)
    values = np.zeros(30_000)
    values[12_345] = 99.0
    backfill(chat.team_id, [Run(RATE, {"workload": chat.name}, stamps, values)], now=NOW)
    start = quote((NOW - 9 * HOUR).isoformat())
    (found,) = reader("GET", f"/series?signal={RATE}&start={start}").json()["series"]

    assert len(found["points"]) <= 11_000
    assert max(value for _at, value in found["points"]) == 99.0
