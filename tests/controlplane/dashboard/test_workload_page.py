"""The workload page in each of its states, and what its script reads."""

import json
from datetime import datetime, timedelta

import plotly.graph_objects as go
import pytest
from django.test import Client

from controlplane.accounts.models import Team
from controlplane.demo.models import DemoWorkload
from controlplane.workloads.models import Workload
from controlplane.workloads.services import place_override
from tests.controlplane.dashboard.seeds import decided, ordered, status
from tests.controlplane.dashboard.test_overview_page import queries
from tests.factories import make_workload

PAGE = "/workloads/chat-7b"


def body(client: Client, path: str = PAGE) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_workload_without_data_shows_the_exact_command(viewer: Client, bare: Workload) -> None:
    page = body(viewer)

    assert "Waiting for the first data" in page
    assert "curl http://testserver/api/v1/ingest" in page
    assert "&quot;workload&quot;:&quot;chat-7b&quot;" in page


def test_a_range_without_data_offers_the_latest(viewer: Client, lived: Workload) -> None:
    page = body(viewer, f"{PAGE}?from=2020-01-01T00:00Z&to=2020-01-01T06:00Z")

    assert "No data in this range" in page
    assert f'href="{PAGE}"' in page


def test_the_head_says_what_is_there_what_is_wanted_and_when(
    viewer: Client, lived: Workload
) -> None:
    page = body(viewer)

    for text in ("4 ready", "2 starting", "next ready in", "allowed 1–40", "p95"):
        assert text in page


def test_the_four_layers_stand_in_the_order_of_pain(viewer: Client, lived: Workload) -> None:
    page = body(viewer)
    places = [
        page.index(f'id="layer-{name}"') for name in ("experience", "service", "business", "infra")
    ]

    assert places == sorted(places)


def test_an_owners_business_signal_and_the_cost_of_tokens_are_shown(
    viewer: Client, lived: Workload
) -> None:
    page = body(viewer)

    assert "business.orders.rate" in page
    assert "Cost per 1M tokens out" in page


def test_every_chart_has_a_caption_a_sentence_a_table_and_a_csv(
    viewer: Client, lived: Workload
) -> None:
    page = body(viewer)
    figures = page.split("<figure")[1:]

    assert len(figures) >= 8
    for figure in figures:
        text = figure.split("</figure>")[0]
        assert "<figcaption>" in text
        assert "<table" in text
        assert ".csv?" in text
        assert 'class="summary"' in text or "aria-label" in text


def test_the_last_decision_is_told_step_by_step(viewer: Client, lived: Workload) -> None:
    page = body(viewer)

    for text in ("Why ", "combined", "guardrail", "result"):
        assert text in page


def test_a_failed_order_is_said_beside_its_decision(
    viewer: Client, lived: Workload, noon: datetime
) -> None:
    change = decided(lived, at=noon - timedelta(seconds=30), current=4, demand=90.0)
    ordered(change, state="failed", at=noon, detail="Only 5 of 9 became ready.")

    assert "Only 5 of 9 became ready." in body(viewer)


def test_a_chinese_reader_reads_why_it_failed_in_chinese(
    viewer: Client, lived: Workload, noon: datetime
) -> None:
    change = decided(lived, at=noon - timedelta(seconds=30), current=4, demand=90.0)
    ordered(change, state="failed", at=noon, detail="Only 5 of 9 became ready.")
    viewer.cookies["django_language"] = "zh-hans"

    assert "9 个中只有 5 个就绪。" in body(viewer)


def test_only_a_demo_workload_can_be_surged(
    operator: Client, lived: Workload, noon: datetime
) -> None:
    before = "/surge" in body(operator)
    DemoWorkload.objects.create(workload=lived, profile="chat", seed=1)

    assert (before, "/surge" in body(operator)) == (False, True)


def test_a_viewer_sees_the_buttons_and_cannot_press_them(viewer: Client, lived: Workload) -> None:
    assert "This needs an operator." in body(viewer)


def test_an_override_shows_how_long_it_lasts(
    viewer: Client, lived: Workload, noon: datetime
) -> None:
    place_override(lived, size=9, lasting=timedelta(hours=1), actor="user:ops", now=noon)

    page = body(viewer)

    assert "pinned to 9, for another" in page
    assert "user:ops" in page


def test_a_wrong_range_is_refused_in_words(viewer: Client, lived: Workload) -> None:
    answer = viewer.get(f"{PAGE}?from=yesterday")

    assert answer.status_code == 422
    assert b"Write times such as" in answer.content


def test_an_address_without_a_zone_is_made_absolute(viewer: Client, lived: Workload) -> None:
    viewer.cookies["tidewise_zone"] = "shanghai"

    answer = viewer.get(f"{PAGE}?from=2026-03-02T18:00&to=2026-03-02T20:00")

    assert answer.status_code == 302
    assert answer["Location"].endswith("?from=2026-03-02T10%3A00%3A00Z&to=2026-03-02T12%3A00%3A00Z")


def news(client: Client, query: str = "") -> dict[str, object]:
    answer = client.get(f"{PAGE}/live{query}")
    assert answer.status_code == 200
    found: dict[str, object] = json.loads(answer.content)
    return found


@pytest.mark.parametrize("preset", ["15m", "3h", "24h", "14d"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_the_script_reads_is_small_and_plotly_accepts_it(
    viewer: Client, lived: Workload, preset: str, theme: str
) -> None:
    answer = viewer.get(f"{PAGE}/live?range={preset}&theme={theme}&width=800")
    found = json.loads(answer.content)

    assert len(answer.content) <= 160 * 1024
    for figure in found["figures"].values():
        go.Figure(figure)
        assert all(len(trace.get("y", ())) <= 1000 for trace in figure["data"])


def test_tables_are_sent_only_for_what_is_open(viewer: Client, lived: Workload) -> None:
    closed = str(news(viewer)["html"]).count("<table")
    opened = str(news(viewer, "?open=demand,capacity")["html"]).count("<table")

    assert (closed, opened) == (0, 2)


@pytest.mark.parametrize("width", ["", "0", "-5", "1e9", "nan", "wide", "99999999999"])
def test_an_odd_width_draws_all_the_same(viewer: Client, lived: Workload, width: str) -> None:
    assert viewer.get(f"{PAGE}/live?width={width}&theme=sepia").status_code == 200


def test_a_refusal_is_json_for_a_script(viewer: Client, lived: Workload) -> None:
    answer = viewer.get(f"{PAGE}/live?range=never")

    assert answer.status_code == 422
    assert json.loads(answer.content)["code"] == "range.preset"


def test_a_page_has_as_many_queries_with_ten_workloads_as_with_one(
    viewer: Client, lived: Workload, team_a: Team, noon: datetime
) -> None:
    few = len(queries(viewer, PAGE))
    for number in range(9):
        status(make_workload(team_a, now=noon, name=f"w{number}"), now=noon)

    assert len(queries(viewer, PAGE)) == few


def test_plotly_pages_allow_inline_styles_and_no_other_page_does(
    viewer: Client, lived: Workload
) -> None:
    policies = {
        path: viewer.get(path)["Content-Security-Policy"]
        for path in ("/", "/decisions", PAGE, "/savings", "/login")
    }

    assert {path for path, policy in policies.items() if "unsafe-inline" in policy} == {
        PAGE,
        "/savings",
    }
    assert not any("unsafe-eval" in policy for policy in policies.values())


def test_tenant_data_stays_out_of_every_cache(viewer: Client, lived: Workload) -> None:
    assert "no-store" in viewer.get(PAGE)["Cache-Control"]
