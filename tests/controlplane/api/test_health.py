"""Alive, ready and measured: what orchestrators and Prometheus ask."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from controlplane.accounts.models import Team
from controlplane.api import health
from controlplane.common.heartbeats import beat
from controlplane.decisions.actuate import execute
from controlplane.workloads.models import Workload
from tests.conftest import make_token
from tests.controlplane.api.conftest import NOW
from tests.controlplane.decisions.looks import decided, ordered

CLIENT = Client(raise_request_exception=False)


def scraped(team: Team) -> dict[str, dict[tuple[str, ...], float]]:
    """Every family of /metrics: label values, ordered by their names → value."""
    token = make_token(team, "read", now=NOW)[1]
    answer = CLIENT.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    families = list(text_string_to_metric_families(answer.content.decode()))
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    return {
        family.name: {
            tuple(text for _name, text in sorted(each.labels.items())): each.value
            for each in family.samples
        }
        for family in families
    }


def test_livez_asks_nothing_but_the_process(django_assert_num_queries: Any, db: None) -> None:
    with django_assert_num_queries(0):
        answer = CLIENT.get("/livez")

    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_readyz_names_every_check(db: None) -> None:
    answer = CLIENT.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "checks": {"database": "ok", "disk": "ok"}}


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed")])
def test_readyz_is_503_while_the_database_is_down(
    db: None, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    class Down:
        def cursor(self) -> None:
            raise error

    monkeypatch.setattr(health, "connection", Down())
    answer = CLIENT.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["status"] == "unready"
    assert "does not answer" in answer.json()["checks"]["database"]
    assert CLIENT.get("/livez").status_code == 200


def test_readyz_is_503_while_the_disk_is_nearly_full(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LEAST_FREE_BYTES", 2**62)
    answer = CLIENT.get("/readyz")

    assert answer.status_code == 503
    assert "MiB are free" in answer.json()["checks"]["disk"]


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_probes_take_head_and_nothing_that_changes(db: None, path: str) -> None:
    assert CLIENT.head(path).status_code == 200
    assert CLIENT.post(path).status_code == 405


def test_metrics_need_a_token_that_may_read(team_a: Team) -> None:
    ingest = make_token(team_a, "ingest:write", now=NOW)[1]

    assert CLIENT.get("/metrics").status_code == 401
    forbidden = CLIENT.get("/metrics", headers={"Authorization": f"Bearer {ingest}"})
    assert forbidden.status_code == 403


def test_metrics_tell_of_every_loop_that_ran(team_a: Team) -> None:
    for loop in ("cycle", "reconcile", "costs"):
        beat(loop, now=NOW)
    families = scraped(team_a)

    assert families["tidewise_loop_last_success_timestamp_seconds"] == {
        ("costs",): NOW.timestamp(),
        ("cycle",): NOW.timestamp(),
        ("reconcile",): NOW.timestamp(),
    }


def test_metrics_count_decisions_and_orders(chat: Workload, team_a: Team) -> None:
    order = ordered(chat, 9, now=NOW - timedelta(seconds=30))
    execute(order.pk, now=NOW - timedelta(seconds=28))
    decided(chat, 9, now=NOW - timedelta(seconds=10))
    decided(chat, 9, now=NOW - timedelta(hours=2))
    families = scraped(team_a)

    assert families["tidewise_decisions_last_hour"] == {("false", "auto"): 1, ("true", "auto"): 1}
    assert families["tidewise_actuations"] == {("applied",): 1}
    reactions = families["tidewise_reaction_seconds_last_hour"]
    assert set(reactions) == {("0.5",), ("0.9",), ("0.99",)}
    assert 2.0 <= reactions[("0.99",)] < 3.0


def test_metrics_leave_out_what_nobody_knows(team_a: Team) -> None:
    families = scraped(team_a)

    assert families["tidewise_reaction_seconds_last_hour"] == {}
    assert families["tidewise_workload_replicas_ready"] == {}


def test_metrics_carry_the_ingest_counters_of_the_process(team_a: Team) -> None:
    families = scraped(team_a)

    for name in ("tidewise_ingest_requests", "tidewise_ingest_samples", "tidewise_ingest_rejected"):
        assert name in families


def test_metrics_show_no_other_teams_workloads(chat: Workload, team_b: Team) -> None:
    ordered(chat, 9, now=NOW)
    families = scraped(team_b)

    assert families["tidewise_actuations"] == {}
    assert families["tidewise_workload_health"] == {}
