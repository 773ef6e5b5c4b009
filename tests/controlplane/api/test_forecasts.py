"""Forecasts and models over HTTP: newest first, page by page, each team its own."""

from datetime import timedelta
from urllib.parse import quote

import numpy as np
import pytest

from controlplane.accounts.models import Team
from controlplane.forecasts.models import ForecastRecord, ModelVersion
from controlplane.workloads.models import Workload
from forecasting.forecast import QUANTILES
from tests.controlplane.api.conftest import NOW, Machine
from tests.factories import make_workload

MINUTE = timedelta(minutes=1)
LISTS = ("/forecasts", "/models")


def versions(row: Workload, count: int) -> list[ModelVersion]:
    """As many models, the last of them the champion."""
    return [
        ModelVersion.objects.create(
            workload=row, name="holt-winters", number=number,
            state="champion" if number == count else "retired", reason=f"reason {number}",
            artifact="a", checksum="c", scores={"last-value": {"wql": 0.1}},
            history_start=NOW - timedelta(days=14), history_end=NOW, fit_seconds=1.5,
            trained_at=NOW,
        )
        for number in range(1, count + 1)
    ]  # fmt: skip


def issued(row: Workload, count: int, *, version: ModelVersion | None = None) -> None:
    for minute in range(count):
        ForecastRecord.objects.create(
            workload=row, version=version, signal="service.request.rate",
            model=version.name if version else "last-value", origin=NOW + minute * MINUTE,
            step_seconds=60, quantiles=list(QUANTILES), created_at=NOW,
            values=np.full((2, len(QUANTILES)), 50.0 + minute).tolist(),
        )  # fmt: skip


def test_a_forecast_tells_its_quantiles_and_who_spoke(reader: Machine, chat: Workload) -> None:
    (version,) = versions(chat, 1)
    issued(chat, 1, version=version)
    (item,) = reader("GET", "/forecasts?workload=chat-7b").json()["items"]

    assert item.pop("id").startswith("fct_")
    assert item == {
        "workload": "chat-7b",
        "signal": "service.request.rate",
        "model": "holt-winters",
        "version": version.public_id,
        "origin": "2026-03-02T12:00:00Z",
        "step_seconds": 60.0,
        "quantiles": list(QUANTILES),
        "values": [[50.0] * len(QUANTILES)] * 2,
    }


def test_the_last_value_that_stands_in_has_no_version(reader: Machine, chat: Workload) -> None:
    issued(chat, 1)
    (item,) = reader("GET", "/forecasts").json()["items"]

    assert (item["model"], item["version"]) == ("last-value", None)


def test_a_model_tells_why_it_serves_and_what_it_was_held_against(
    reader: Machine, chat: Workload
) -> None:
    versions(chat, 2)
    newest, oldest = reader("GET", "/models?workload=chat-7b").json()["items"]

    assert (newest["state"], newest["reason"]) == ("champion", "reason 2")
    assert newest["scores"] == {"last-value": {"wql": 0.1}}
    assert (oldest["number"], oldest["state"], oldest["fit_seconds"]) == (1, "retired", 1.5)
    assert "artifact" not in newest  # a path of ours is nobody's business


def test_pages_follow_each_other_newest_first_and_end(reader: Machine, chat: Workload) -> None:
    issued(chat, 5)
    seen, cursor = [], ""
    for _page in range(3):
        page = reader("GET", f"/forecasts?limit=2{cursor}").json()
        seen.append([item["values"][0][0] for item in page["items"]])
        cursor = f"&cursor={quote(page['next'] or '')}"

    assert seen == [[54.0, 53.0], [52.0, 51.0], [50.0]]
    assert page["next"] is None


def test_the_list_of_one_workload_holds_nothing_of_another(
    reader: Machine, chat: Workload, team_a: Team
) -> None:
    other = make_workload(team_a, now=NOW, name="other")
    for row in (chat, other):
        issued(row, 2)
        versions(row, 1)

    for path in LISTS:
        items = reader("GET", f"{path}?workload=other").json()["items"]
        assert {item["workload"] for item in items} == {"other"}
        assert reader("GET", f"{path}?workload=nobody").json() == {"items": [], "next": None}


@pytest.mark.parametrize("path", LISTS)
def test_another_team_sees_nothing(stranger: Machine, chat: Workload, path: str) -> None:
    versions(chat, 1)
    issued(chat, 1)

    assert stranger("GET", path).json() == {"items": [], "next": None}
    assert stranger("GET", f"{path}?workload=chat-7b").json()["items"] == []


@pytest.mark.parametrize("path", LISTS)
def test_without_a_token_nobody_sees_anything(nobody: Machine, path: str) -> None:
    assert nobody("GET", path).status_code == 401


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("cursor", ["x", "1", "1:forged", "-1%3Ax", "%C3%A9"])
def test_a_cursor_that_was_not_issued_is_refused(
    reader: Machine, chat: Workload, path: str, cursor: str
) -> None:
    answer = reader("GET", f"{path}?cursor={cursor}")

    assert (answer.status_code, answer.json()["code"]) == (400, "query.cursor")


def test_a_cursor_of_one_list_or_team_does_not_open_another(
    reader: Machine, stranger: Machine, chat: Workload
) -> None:
    issued(chat, 2)
    versions(chat, 2)
    cursor = quote(reader("GET", "/forecasts?limit=1").json()["next"])

    assert reader("GET", f"/models?cursor={cursor}").status_code == 400
    assert stranger("GET", f"/forecasts?cursor={cursor}").status_code == 400


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["0", "-1", "501", "many", "1.5"])
def test_a_limit_outside_its_bounds_is_refused(reader: Machine, path: str, limit: str) -> None:
    answer = reader("GET", f"{path}?limit={limit}")

    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
