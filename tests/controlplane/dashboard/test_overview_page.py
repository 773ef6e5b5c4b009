"""The overview: one row a workload, from a constant number of queries."""

import json
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from controlplane.accounts.models import Team
from controlplane.common.models import Heartbeat
from controlplane.dashboard.selectors import sentences
from controlplane.demo.models import DemoWorkload
from controlplane.workloads.models import TeamPause, Workload
from tests.controlplane.dashboard.seeds import costs, decided, issue, status
from tests.factories import make_workload


def body(client: Client, path: str = "/") -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_empty_team_gets_three_commands_to_copy(viewer: Client) -> None:
    page = body(viewer)

    assert "create_token sender --scope ingest:write --team team-a" in page
    assert "curl http://testserver/api/v1/ingest" in page
    assert "url: http://testserver/api/v1/write" in page


def test_a_row_says_everything_at_a_glance(viewer: Client, lived: Workload) -> None:
    page = body(viewer)

    for text in ("healthy", "150<span", "71.0<span", "+22<span", "15.00<span", "1–40"):
        assert text in page
    assert '<span class="size">6 <span' in page  # ready and starting, before the arrow
    assert '<svg class="spark"' in page
    assert "which takes" in page  # the last change, as a sentence


def test_the_tiles_add_up(viewer: Client, lived: Workload) -> None:
    page = body(viewer)

    assert "120.01<span" in page  # three hours of 10.004 against 50.005, each side rounded once
    assert "+2 " in page
    assert ">12:04</time>" in page


def test_a_workload_without_a_baseline_is_pending_and_not_zero(
    viewer: Client, bare: Workload, noon: datetime
) -> None:
    costs(bare, now=noon, baseline=None)

    assert "baseline pending" in body(viewer)


def test_stale_and_late_are_said_on_every_page(
    viewer: Client, bare: Workload, noon: datetime
) -> None:
    status(bare, now=noon - timedelta(minutes=5))
    Heartbeat.objects.create(loop="cycle", at=noon - timedelta(minutes=3))

    for path in ("/", "/decisions", "/savings", "/workloads/chat-7b"):
        page = body(viewer, path)
        assert "Stale data." in page
        assert "Nothing is being decided." in page


def test_a_healthy_install_has_no_banner(viewer: Client, bare: Workload, noon: datetime) -> None:
    status(bare, now=noon)
    Heartbeat.objects.create(loop="cycle", at=noon - timedelta(seconds=5))

    banners = body(viewer).split('id="banners"')[1].split("<main")[0]

    assert banners.count('class="banner ') == 1  # the one of a lost connection, hidden
    assert 'id="lost" hidden' in banners


def test_the_demo_says_that_it_is_synthetic_on_every_page(
    viewer: Client, bare: Workload, noon: datetime
) -> None:
    DemoWorkload.objects.create(workload=bare, profile="chat", seed=1)

    for path in ("/", "/decisions", "/savings", "/workloads/chat-7b"):
        assert "synthetic" in body(viewer, path)


def test_a_pause_names_who_did_it(viewer: Client, team_a: Team, noon: datetime) -> None:
    TeamPause.objects.create(team=team_a, by="user:ops", at=noon)

    assert "user:ops stopped every change" in body(viewer)


@pytest.mark.parametrize("sort", ["health", "queue", "latency", "saved", "changed"])
def test_the_table_is_sorted_by_the_address(viewer: Client, lived: Workload, sort: str) -> None:
    assert "aria-sort" in body(viewer, f"/?sort={sort}&dir=desc")


def test_a_column_that_does_not_exist_is_refused_in_words(viewer: Client, lived: Workload) -> None:
    answer = viewer.get("/?sort=password")

    assert answer.status_code == 400
    assert b"cannot be sorted by that" in answer.content


def test_a_filter_that_matches_nothing_offers_the_way_back(viewer: Client, lived: Workload) -> None:
    assert "No workload matches this filter" in body(viewer, "/?q=nothing")


def fleet(team: Team, count: int, noon: datetime, *, first: int = 0) -> None:
    for number in range(first, first + count):
        row = make_workload(team, now=noon, name=f"w{number}")
        change = decided(row, at=noon, current=2, demand=50.0, forecast=issue(row, now=noon))
        status(row, now=noon, change=change if number % 2 else None)


@pytest.mark.parametrize("path", ["/", "/overview/live"])
def test_more_workloads_need_no_more_queries(
    viewer: Client, team_a: Team, noon: datetime, path: str
) -> None:
    fleet(team_a, 4, noon)
    few = len(queries(viewer, path))
    fleet(team_a, 20, noon, first=4)

    many = len(queries(viewer, path))

    assert many == few


def queries(client: Client, path: str) -> list[dict[str, str]]:
    """What a visit asks the database when no sentence was kept yet."""
    sentences._kept.clear()
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    return captured.captured_queries


def test_what_a_script_reads_replaces_parts_by_id(viewer: Client, lived: Workload) -> None:
    news = json.loads(viewer.get("/overview/live").content)

    assert set(news) == {"html", "figures", "refresh"}
    for part in ("fleet", "rows", "banners", "rail-workloads", "pause-all"):
        assert f'id="{part}"' in news["html"]


def test_the_page_speaks_chinese_when_asked(viewer: Client, lived: Workload) -> None:
    viewer.cookies["django_language"] = "zh-hans"

    page = body(viewer)

    assert '<html lang="zh-Hans"' in page
    assert "总览" in page
    assert "Overview" not in page


def test_times_are_the_readers(viewer: Client, lived: Workload) -> None:
    viewer.cookies["tidewise_zone"] = "shanghai"

    page = body(viewer)

    assert "20:04" in page
    assert "UTC+8" in page


def test_every_name_of_a_workload_is_text_and_never_markup(
    viewer: Client, team_a: Team, noon: datetime
) -> None:
    row = make_workload(team_a, now=noon)
    status(row, now=noon)
    TeamPause.objects.create(team=team_a, by="<script>alert(1)</script>", at=noon)

    assert "<script>alert" not in body(viewer)
