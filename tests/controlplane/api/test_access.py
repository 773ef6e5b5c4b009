"""Every route × every caller: who may, who may not, and that nobody sees another team's rows.

The table of routes is the OpenAPI document itself, so that a new route is tested before anybody
thinks of it.
"""

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from controlplane.accounts import services as accounts
from controlplane.accounts.models import ApiToken, Membership, Team
from controlplane.accounts.roles import Scope
from controlplane.api.urls import openapi
from controlplane.costs.models import CostEntry
from controlplane.decisions.models import ActuationRecord, DecisionRecord
from controlplane.forecasts.models import ForecastRecord, ModelVersion
from controlplane.metrics.ingest import accept_own
from controlplane.workloads.models import Override, Workload
from forecasting.forecast import QUANTILES
from tests.conftest import make_token
from tests.controlplane.api.conftest import NOW, Machine
from tests.factories import chat_document

INGEST = "ingest"  # these routes are not Django's and have tests of their own
PUBLIC = {"/livez", "/readyz"}
NEEDS = {
    ("GET", "/api/v1/tokens"): Scope.ADMIN,
    ("POST", "/api/v1/tokens"): Scope.ADMIN,
    ("DELETE", "/api/v1/tokens/{prefix}"): Scope.ADMIN,
    ("GET", "/api/v1/audit"): Scope.ADMIN,
    ("POST", "/api/v1/workloads"): Scope.ADMIN,
    ("PUT", "/api/v1/workloads/{name}"): Scope.ADMIN,
    ("DELETE", "/api/v1/workloads/{name}"): Scope.ADMIN,
    ("POST", "/api/v1/workloads/{name}/pause"): Scope.SCALE,
    ("POST", "/api/v1/workloads/{name}/resume"): Scope.SCALE,
    ("POST", "/api/v1/workloads/{name}/override"): Scope.SCALE,
    ("POST", "/api/v1/workloads/{name}/evaluate"): Scope.SCALE,
}
CLIENT = Client(raise_request_exception=False)
CANARIES = ("chat-7b", "private-a100", "canary-model", "canary-token", "canary-ann")


def routes() -> list[tuple[str, str]]:
    found = []
    for path, item in openapi()["paths"].items():
        for method, operation in item.items():
            if operation["tags"] != [INGEST] and path not in PUBLIC:
                found.append((method.upper(), path))
    return sorted(found)


def body_of(method: str, path: str) -> Any:
    if path.endswith("/override"):
        return {"size": 3, "duration_seconds": 60}
    if path == "/api/v1/tokens" and method == "POST":
        return {"name": "new", "scopes": ["read"]}
    return chat_document() if method in {"POST", "PUT"} else None


def ask(token: str, method: str, path: str, names: dict[str, str]) -> Any:
    """One request with everything it needs but, perhaps, the right to make it."""
    body = body_of(method, path)
    headers = {"If-Match": "*"} | ({"Authorization": f"Bearer {token}"} if token else {})
    query = "?signal=service.request.rate" if path == "/api/v1/series" else ""
    return CLIENT.generic(
        method,
        path.format(**names) + query,
        data=json.dumps(body) if body is not None else "",
        content_type="application/json",
        headers=headers,
    )


@pytest.fixture
def names(chat: Workload) -> dict[str, str]:
    """One of everything in team A, and how each is addressed."""
    token = accounts.create_token(
        chat.team, "canary-token", scopes=frozenset({Scope.READ}), now=NOW, actor="user:canary-ann"
    )[0]
    accept_own(chat.team_id, [("service.request.rate", {"workload": chat.name}, 20.0)], now=NOW)
    version = ModelVersion.objects.create(
        workload=chat, name="canary-model", number=1, state="champion", artifact="a", checksum="c",
        history_start=NOW, history_end=NOW, fit_seconds=1.0, trained_at=NOW,
    )  # fmt: skip
    forecast = ForecastRecord.objects.create(
        workload=chat, version=version, signal="service.request.rate", model="canary-model",
        origin=NOW, step_seconds=60.0, quantiles=list(QUANTILES), created_at=NOW,
        values=np.full((5, len(QUANTILES)), 50.0).tolist(),
    )  # fmt: skip
    decision = DecisionRecord.objects.create(
        workload=chat, tick=1, at=NOW, cause="beat", mode="auto", current=5, desired=9, wanted=9,
        held=False, trail=_trail(), snapshot={"version": 1}, forecast=forecast,
    )  # fmt: skip
    ActuationRecord.objects.create(
        decision=decision, workload=chat, pool=chat.pools.get(), generation=1, key="k", before=5,
        desired=9, state="applied", created_at=NOW, expires_at=NOW, applied_at=NOW,
    )  # fmt: skip
    CostEntry.objects.create(
        workload=chat, hour=NOW - timedelta(hours=1), replica_hours=1, cost=1, currency="USD",
        covered=1.0,
    )  # fmt: skip
    return {"name": chat.name, "public_id": decision.public_id, "prefix": token.prefix}


def _trail() -> dict[str, Any]:
    return {
        "version": 1, "workload": "chat-7b", "at": NOW.isoformat(), "current": 5, "desired": 9,
        "wanted": 9, "recommendations": [], "steps": [], "silent": [],
    }  # fmt: skip


def test_the_table_of_scopes_names_real_routes() -> None:
    assert set(NEEDS) <= set(routes())


@pytest.mark.parametrize(("method", "path"), routes())
def test_without_a_token_every_route_answers_401(db: None, method: str, path: str) -> None:
    answer = ask("", method, path, {"name": "x", "public_id": "y", "prefix": "z"})

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), routes())
def test_each_scope_opens_its_own_routes_and_no_other(
    names: dict[str, str], team_a: Team, method: str, path: str
) -> None:
    needed = NEEDS.get((method, path), Scope.READ)
    opening = {needed, Scope.ADMIN}
    for scope in [each for each in Scope if each not in opening]:
        answer = ask(make_token(team_a, scope.value, now=NOW)[1], method, path, names)

        assert answer.status_code == 403, scope
        assert b"auth.scope" in answer.content
    for scope in opening:
        answer = ask(make_token(team_a, scope.value, now=NOW)[1], method, path, names)

        assert answer.status_code in {200, 201, 204, 409}, answer.content


@pytest.mark.parametrize(("method", "path"), routes())
def test_another_teams_admin_finds_nothing_here(
    names: dict[str, str], team_b: Team, method: str, path: str
) -> None:
    token = make_token(team_b, "admin", now=NOW)[1]
    before = _rows_of_team_a()
    answer = ask(token, method, path, names)
    text = answer.content.decode().replace(f"'{names['name']}'", "")  # a 404 repeats the name

    if "{" in path:
        assert answer.status_code == 404
    assert not [word for word in CANARIES if word in text]
    assert _rows_of_team_a() == before


def _rows_of_team_a() -> list[Any]:
    return [
        list(Workload.objects.filter(team__slug="team-a").values("pk", "document", "paused_by")),
        list(Override.objects.values_list("pk", flat=True)),
        list(ApiToken.objects.filter(team__slug="team-a").values_list("pk", "revoked_at")),
        list(DecisionRecord.objects.values_list("pk", flat=True)),
    ]


@pytest.mark.parametrize("kind", ["unknown", "revoked", "expired", "garbled", "cut"])
def test_bad_tokens_of_every_kind_get_one_answer(team_a: Team, kind: str) -> None:
    row, text = make_token(team_a, "read", now=NOW)
    if kind == "revoked":
        accounts.revoke_token(row, now=NOW, actor="test")
    if kind == "expired":
        ApiToken.objects.filter(pk=row.pk).update(expires_at=NOW)
    sent = {
        "unknown": f"tw_zzzzzzzz_{text[12:]}",
        "garbled": text[:-1] + ("A" if text[-1] != "A" else "B"),
        "cut": text[:20],
    }.get(kind, text)
    answer = ask(sent, "GET", "/api/v1/workloads", {})

    assert answer.status_code == 401
    problem = answer.json()
    assert (problem["code"], problem["detail"]) == ("auth.invalid", "This token is not valid.")


def test_a_token_in_the_url_is_refused_though_it_is_valid(team_a: Team) -> None:
    token = make_token(team_a, "read", now=NOW)[1]
    for path in ("/api/v1/workloads", "/metrics"):
        answer = Client().get(path, {"access_token": token}, HTTP_AUTHORIZATION=f"Bearer {token}")

        assert answer.status_code == 401
        assert b"auth.token_in_url" in answer.content


def test_a_forged_tenant_header_changes_nothing(names: dict[str, str], stranger: Machine) -> None:
    answer = stranger("GET", "/workloads", x_scope_orgid="team-a")

    assert answer.json()["items"] == []


def test_basic_authentication_is_not_spoken(db: None) -> None:
    answer = Client().get("/api/v1/workloads", HTTP_AUTHORIZATION="Basic YWRtaW46YWRtaW4=")

    assert (answer.status_code, answer.json()["code"]) == (401, "auth.missing")


def test_a_person_reads_with_the_session_alone(person: Client, chat: Workload) -> None:
    assert person.get("/api/v1/workloads").json()["items"][0]["name"] == "chat-7b"


def test_a_person_changes_nothing_without_the_csrf_token(person: Client, chat: Workload) -> None:
    answer = person.post("/api/v1/workloads/chat-7b/pause")

    assert (answer.status_code, answer.json()["code"]) == (403, "auth.csrf")
    assert not Workload.objects.exclude(paused_by="").exists()


def test_a_person_with_the_csrf_token_acts_within_their_role(
    person: Client, chat: Workload, settings: Any
) -> None:
    person.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32
    headers = {"X-CSRFToken": "a" * 32, "If-Match": "*"}
    paused = person.post("/api/v1/workloads/chat-7b/pause", headers=headers)
    removed = person.delete("/api/v1/workloads/chat-7b", headers=headers)

    assert paused.status_code == 200
    assert Workload.objects.get().paused_by == "user:ann"
    assert (removed.status_code, removed.json()["code"]) == (403, "auth.scope")


def test_a_person_of_no_team_is_told_so(db: None) -> None:
    client = Client()
    client.force_login(get_user_model().objects.create_user("lone"))
    answer = client.get("/api/v1/workloads")

    assert (answer.status_code, answer.json()["code"]) == (403, "auth.team")


def test_a_person_whose_role_was_taken_away_is_out_at_once(person: Client, chat: Workload) -> None:
    Membership.objects.all().delete()

    assert person.get("/api/v1/workloads").status_code == 403


def test_a_valid_token_wins_over_a_session_and_a_bad_one_is_not_saved_by_it(
    person: Client, team_b: Team
) -> None:
    token = make_token(team_b, "read", now=NOW)[1]
    good = person.get("/api/v1/workloads", HTTP_AUTHORIZATION=f"Bearer {token}")
    bad = person.get("/api/v1/workloads", HTTP_AUTHORIZATION="Bearer tw_no")

    assert good.json()["items"] == []
    assert bad.status_code == 401
