"""The list of decisions, one decision as a waterfall, and savings that finance can check."""

import csv
import json
from datetime import datetime, timedelta

import pytest
from django.test import Client

from controlplane.accounts.models import Team
from controlplane.dashboard.views.csv import csv_answer
from controlplane.decisions.models import DecisionRecord
from controlplane.workloads.models import Workload
from tests.controlplane.dashboard.seeds import costs, decided, ordered
from tests.factories import make_workload


def body(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def change(row: Workload) -> DecisionRecord:
    found = row.decisions.filter(held=False).order_by("-at").first()
    assert found is not None
    return found


def test_the_list_shows_changes_with_their_words_and_outcome(
    viewer: Client, lived: Workload
) -> None:
    page = body(viewer, "/decisions")

    assert "4 → " in page
    assert "done, all ready" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [("", True), ("?which=held", False), ("?which=all", True), ("?workload=other", False),
     ("?from=2026-03-02T11:50:00Z&to=2026-03-02T12:00:00Z", True),
     ("?from=2026-03-02T09:00:00Z&to=2026-03-02T09:05:00Z", False)],
)  # fmt: skip
def test_the_list_is_filtered_by_the_address(
    viewer: Client, lived: Workload, query: str, found: bool
) -> None:
    assert (change(lived).public_id in body(viewer, f"/decisions{query}")) is found


def test_a_recommendation_that_repeats_is_one_line(
    viewer: Client, team_a: Team, noon: datetime
) -> None:
    row = make_workload(team_a, now=noon, mode="recommend")
    for minutes in range(5, 0, -1):
        decided(row, at=noon - timedelta(minutes=minutes), current=2, demand=60.0)

    page = body(viewer, "/decisions?which=recommended")

    assert page.count("/decisions/dec_") == 1
    assert "5 looks since" in page


def test_a_forged_cursor_is_refused_in_words(viewer: Client, lived: Workload) -> None:
    answer = viewer.get("/decisions?cursor=999:forged")

    assert answer.status_code == 400
    assert b"start from its beginning" in answer.content


def test_older_decisions_are_on_the_next_page(
    viewer: Client, lived: Workload, noon: datetime
) -> None:
    for number in range(120):
        decided(lived, at=noon + timedelta(seconds=number), current=4 + number % 2, demand=90.0)

    page = body(viewer, "/decisions?which=all")
    following = page.split('class="button" href="?')[1].split('"')[0].replace("&amp;", "&")

    assert "cursor=" in following
    assert viewer.get(f"/decisions?{following}").status_code == 200


def test_a_decision_is_a_waterfall_with_its_inputs_and_their_age(
    viewer: Client, lived: Workload, noon: datetime
) -> None:
    page = body(viewer, f"/decisions/{change(lived).public_id}")

    for text in ("current", "combined", "result", "guardrails looked and agreed", "bar-current"):
        assert text in page
    assert "service.request.rate" in page
    assert "Age then" in page
    assert "private-a100" in page
    assert "Forecast by seasonal-naive" in page


def test_the_binding_guardrail_is_highlighted(
    viewer: Client, lived: Workload, noon: datetime
) -> None:
    held = decided(lived, at=noon, current=39, demand=900.0)

    page = body(viewer, f"/decisions/{held.public_id}")

    assert held.binding == "bounds"
    assert 'class="is-binding"' in page
    assert "is-result" in page


def test_a_held_decision_whose_inputs_were_dropped_still_tells_its_trail(
    viewer: Client, lived: Workload
) -> None:
    row = lived.decisions.filter(held=True).first()
    assert row is not None
    DecisionRecord.objects.filter(pk=row.pk).update(snapshot=None)

    page = body(viewer, f"/decisions/{row.public_id}")

    assert "kept for six hours" in page
    assert "result" in page
    assert viewer.get(f"/decisions/{row.public_id}.json").json()["snapshot"] is None


def test_a_trail_of_another_version_is_not_an_error(viewer: Client, lived: Workload) -> None:
    row = change(lived)
    DecisionRecord.objects.filter(pk=row.pk).update(trail={"version": 99})

    assert "cannot be read" in body(viewer, f"/decisions/{row.public_id}")


def test_a_decision_as_json_holds_all_of_it(viewer: Client, lived: Workload) -> None:
    found = viewer.get(f"/decisions/{change(lived).public_id}.json").json()

    assert found["workload"] == "chat-7b"
    assert found["trail"]["steps"]
    assert found["snapshot"]["observations"]
    assert found["actuations"][0]["state"] == "verified"


def test_an_order_that_failed_says_why_on_the_decision(
    viewer: Client, lived: Workload, noon: datetime
) -> None:
    row = change(lived)
    ordered(row, state="failed", at=noon, detail="only 3 replicas are in stock")

    assert "only 3 replicas are in stock" in body(viewer, f"/decisions/{row.public_id}")


def test_an_unknown_decision_is_404(viewer: Client, lived: Workload) -> None:
    assert viewer.get("/decisions/dec_nothing").status_code == 404


def test_savings_name_the_baseline_the_formula_and_the_prices(
    viewer: Client, lived: Workload
) -> None:
    page = body(viewer, "/savings")

    for text in ("120.01<span", "static-peak: 20", "2.50<span", "Saved = baseline − paid",
                 "the workload's document"):  # fmt: skip
        assert text in page, text


def test_a_loss_is_red_and_called_a_loss(viewer: Client, bare: Workload, noon: datetime) -> None:
    costs(bare, now=noon, cost="60", baseline="50")

    page = body(viewer, "/savings")

    assert "This is a loss, not a saving." in page
    assert "big is-negative" in page
    assert "−30.00<span" in page


def test_no_baseline_is_pending_and_not_a_number(
    viewer: Client, bare: Workload, noon: datetime
) -> None:
    costs(bare, now=noon, baseline=None)

    assert "Baseline pending" in body(viewer, "/savings")


def test_an_empty_ledger_says_how_to_fill_it(viewer: Client, bare: Workload) -> None:
    assert "Nothing in the ledger yet" in body(viewer, "/savings")


def test_two_currencies_are_two_numbers(
    viewer: Client, lived: Workload, team_a: Team, noon: datetime
) -> None:
    costs(make_workload(team_a, now=noon, name="cn"), now=noon, currency="CNY")

    figures = json.loads(viewer.get("/savings/figure").content)["figures"]

    assert set(figures) == {"CNY", "USD"}
    assert body(viewer, "/savings").count('class="big') == 2


def test_the_overview_and_the_savings_page_show_one_number(viewer: Client, lived: Workload) -> None:
    number = "120.01<span"

    assert number in body(viewer, "/")
    assert number in body(viewer, "/savings?period=today")


def rows_of(client: Client, path: str) -> list[list[str]]:
    answer = client.get(path)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(answer.content.decode().splitlines()))


def test_savings_as_csv_are_as_exact_as_the_ledger(viewer: Client, lived: Workload) -> None:
    header, row = rows_of(viewer, "/savings.csv")

    assert header[:3] == ["day", "workload", "currency"]
    assert row[:3] == ["2026-03-02", "chat-7b", "USD"]
    assert [float(cell) for cell in row[3:]] == [12.0, 30.012, 150.015, 120.003]


@pytest.mark.parametrize("what", ["demand", "infra.gpu.utilization", "business.orders.rate"])
def test_a_chart_as_csv_has_every_point(viewer: Client, lived: Workload, what: str) -> None:
    rows = rows_of(viewer, f"/workloads/chat-7b/{what}.csv?range=1h")

    assert rows[0] == ["time", what]
    assert rows[1][0] == "2026-03-02T11:00:00Z"
    assert float(rows[1][1]) > 0


def test_capacity_as_csv_holds_what_was_wanted(viewer: Client, lived: Workload) -> None:
    rows = rows_of(viewer, "/workloads/chat-7b/capacity.csv?range=3h")

    assert rows[0] == ["time", "ready", "desired"]
    assert rows[-1][1:] == ["4.0", str(change(lived).desired)]


def test_a_quantile_has_its_own_column_of_the_csv(viewer: Client, lived: Workload) -> None:
    rows = rows_of(viewer, "/workloads/chat-7b/experience.e2e.csv?range=1h&quantile=0.95")

    assert any(row[1] for row in rows[1:])


@pytest.mark.parametrize(
    ("path", "code"),
    [("nothing.such", 404), ("..%2Fetc", 404), ("demand.csv?quantile=2", 422)],
)
def test_a_wrong_csv_is_refused(viewer: Client, lived: Workload, path: str, code: int) -> None:
    rest = path if ".csv" in path else f"{path}.csv"

    assert viewer.get(f"/workloads/chat-7b/{rest}").status_code == code


def test_a_cell_that_a_spreadsheet_would_run_is_quoted() -> None:
    answer = csv_answer("x", ["a"], [["=cmd()"], ["-1+2"], [-3.5]])

    assert answer.content.decode().splitlines() == ["a", "'=cmd()", "'-1+2", "-3.5"]
