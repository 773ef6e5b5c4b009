"""Ids, cursors, claims, secrets, hints: the parts that everything else leans on."""

import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from controlplane.accounts.models import Team
from controlplane.accounts.services import ensure_team
from controlplane.common import hints
from controlplane.common.broker import Urgency, priority, transport_options
from controlplane.common.claims import claim
from controlplane.common.errors import InvalidInput
from controlplane.common.heartbeats import beat, heartbeats
from controlplane.common.ids import public_id
from controlplane.common.paging import page
from controlplane.common.secrets import stored_secret


def test_ids_of_later_moments_sort_later(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([1_700_000_000_000, 1_700_000_000_001, 1_900_000_000_000])
    monkeypatch.setattr("time.time_ns", lambda: next(moments) * 1_000_000)

    made = [public_id("dec") for _ in range(3)]

    assert made == sorted(made)
    assert len({len(one) for one in made}) == 1


def test_pages_follow_each_other_without_a_gap_or_a_double(db: None) -> None:
    for number in range(7):
        ensure_team(f"t{number}")
    seen, cursor = [], None
    while True:
        rows, cursor = page(Team.objects.all(), cursor=cursor, limit=3, scope="teams")
        seen += [row.slug for row in rows]
        if cursor is None:
            break

    assert seen == [f"t{number}" for number in reversed(range(7))]


@pytest.mark.parametrize("limit", [0, 501, -1])
def test_a_limit_outside_its_range_is_refused(db: None, limit: int) -> None:
    with pytest.raises(InvalidInput, match="limit"):
        page(Team.objects.all(), cursor=None, limit=limit, scope="teams")


def test_a_cursor_of_another_list_is_refused(db: None) -> None:
    ensure_team("a")
    ensure_team("b")
    _rows, cursor = page(Team.objects.all(), cursor=None, limit=1, scope="teams:1")

    with pytest.raises(InvalidInput, match="not issued for this list"):
        page(Team.objects.all(), cursor=cursor, limit=1, scope="teams:2")
    with pytest.raises(InvalidInput, match="not issued"):
        page(Team.objects.all(), cursor="1", limit=1, scope="teams:1")


def test_only_one_of_two_claims_wins_and_only_the_winners_row_changes(team_a: Team) -> None:
    first, second = Team.objects.get(pk=team_a.pk), Team.objects.get(pk=team_a.pk)
    rows, given, then = Team.objects.all(), {"slug": team_a.slug}, {"slug": "taken"}

    assert claim(rows, first, given=given, then=then)
    assert not claim(rows, second, given=given, then=then)
    assert (first.slug, second.slug) == ("taken", team_a.slug)


def test_a_heartbeat_remembers_the_last_success_of_each_loop(db: None, noon: datetime) -> None:
    beat("cycle", now=noon)
    beat("cycle", now=noon.replace(hour=13))
    beat("costs", now=noon)

    assert heartbeats() == {"cycle": noon.replace(hour=13), "costs": noon}


def test_two_processes_that_start_together_share_one_secret(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(stored_secret(tmp_path / "key")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(found)) == 1
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_urgent_messages_get_the_number_that_their_transport_serves_first() -> None:
    valkey = [priority(one, "redis+socket:///s") for one in Urgency]
    rabbit = [priority(one, "amqp://h") for one in Urgency]

    assert valkey == sorted(valkey)
    assert rabbit == sorted(rabbit, reverse=True)


def test_valkey_looks_for_lost_tasks_every_two_seconds() -> None:
    options = transport_options("redis+socket:///s")

    assert options["unacked_restore_interval"] * options["unacked_restore_throttle"] <= 2
    assert options["visibility_timeout"] >= 900


def test_equal_hints_that_wait_together_are_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, tuple[Any, ...]]] = []
    done = threading.Event()

    def send(_self: object, task: str, args: tuple[Any, ...], _urgency: Urgency) -> None:
        sent.append((task, args))
        if task == "last":
            done.set()

    monkeypatch.setattr(hints._Publisher, "_send", send)
    monkeypatch.setattr(hints, "DEBOUNCE_SECONDS", 0.05)
    publisher = hints._Publisher()
    with publisher._ready:  # all of them wait together, however fast the thread is
        for _ in range(100):
            publisher._waiting[("evaluate", (1,))] = Urgency.HIGH
    publisher.put("last", (), Urgency.NORMAL)

    assert done.wait(5)
    assert sent.count(("evaluate", (1,))) == 1


def test_a_broken_broker_costs_a_hint_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = threading.Event()

    class App:
        def send_task(self, *_args: object, **_options: object) -> None:
            tried.set()
            raise OSError("connection refused")

    monkeypatch.setattr(hints, "app", App())
    monkeypatch.setattr(hints, "DEBOUNCE_SECONDS", 0.01)
    publisher = hints._Publisher()
    publisher.put("one", (), Urgency.NORMAL)
    assert tried.wait(5)
    tried.clear()
    publisher.put("two", (), Urgency.NORMAL)

    assert tried.wait(5)
