"""Fresh samples wake the engine: only for driver signals, only in the own team, once per burst."""

from datetime import datetime, timedelta
from queue import Queue
from typing import Any

import pytest

from controlplane.accounts.models import Team
from controlplane.common import hints as hints_module
from controlplane.common.broker import Urgency
from controlplane.decisions import listen
from controlplane.metrics.ingest import accept_own
from controlplane.workloads.models import Workload
from tests.controlplane.decisions.conftest import Hint
from tests.factories import chat_document, make_workload

RUNNING = "service.requests.running"


def woken(hints: list[Hint]) -> list[int]:
    return [key for task, key in hints if task == "evaluate"]


@pytest.mark.parametrize("signal", [RUNNING, "infra.gpu.utilization", "service.request.rate"])
def test_a_sample_of_a_signal_that_drives_a_policy_wakes_its_workload(
    chat: Workload, noon: datetime, hints: list[Hint], signal: str
) -> None:
    accept_own(chat.team_id, [(signal, {"workload": chat.name}, 0.5)], now=noon)

    assert woken(hints) == [chat.pk]


def test_a_sample_of_any_other_signal_wakes_nobody(
    chat: Workload, noon: datetime, hints: list[Hint]
) -> None:
    accept_own(chat.team_id, [("infra.cpu.utilization", {"workload": chat.name}, 0.5)], now=noon)

    assert woken(hints) == []


def test_a_sample_of_another_team_wakes_nobody_here(
    chat: Workload, team_b: Team, noon: datetime, hints: list[Hint]
) -> None:
    accept_own(team_b.pk, [(RUNNING, {"workload": chat.name}, 50)], now=noon)

    assert woken(hints) == []


def test_a_workload_in_mode_off_is_not_woken(
    team_a: Team, noon: datetime, hints: list[Hint]
) -> None:
    make_workload(team_a, now=noon, mode="off")
    accept_own(team_a.pk, [(RUNNING, {"workload": "chat-7b"}, 50)], now=noon)

    assert woken(hints) == []


def test_a_sample_without_a_name_wakes_those_that_are_found_by_labels(
    chat: Workload, noon: datetime, hints: list[Hint]
) -> None:
    accept_own(chat.team_id, [(RUNNING, {"model": "chat-7b"}, 50)], now=noon)

    assert woken(hints) == [chat.pk]


def test_a_sample_without_a_name_wakes_nobody_where_it_could_mean_too_many(
    chat: Workload, noon: datetime, hints: list[Hint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listen, "MOST_UNNAMED", 0)
    accept_own(chat.team_id, [(RUNNING, {"model": "chat-7b"}, 50)], now=noon)

    assert woken(hints) == []


def test_the_table_of_drivers_is_read_again_after_a_while(
    chat: Workload, noon: datetime, hints: list[Hint], monkeypatch: pytest.MonkeyPatch
) -> None:
    accept_own(chat.team_id, [(RUNNING, {"workload": chat.name}, 50)], now=noon)
    later = make_workload(chat.team, now=noon, name="later")
    sample = [(RUNNING, {"workload": "later"}, 50.0)]
    accept_own(chat.team_id, sample, now=noon + timedelta(seconds=1))
    assert woken(hints) == [chat.pk]

    monkeypatch.setattr(listen, "REFRESH_SECONDS", -1.0)
    accept_own(chat.team_id, sample, now=noon + timedelta(seconds=2))
    assert woken(hints) == [chat.pk, later.pk]


def test_a_document_that_became_unreadable_hides_no_other(
    chat: Workload, noon: datetime, hints: list[Hint]
) -> None:
    Workload.objects.create(team=chat.team, name="broken", mode="auto", document={"spec": {}})
    accept_own(chat.team_id, [(RUNNING, {"workload": chat.name}, 50)], now=noon)

    assert woken(hints) == [chat.pk]


def test_a_burst_of_equal_hints_is_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: Queue[tuple[str, Any]] = Queue()
    monkeypatch.setattr(hints_module, "DEBOUNCE_SECONDS", 0.0)
    monkeypatch.setattr(
        "controlplane.common.hints.app.send_task",
        lambda name, **words: sent.put((name, words["args"])),
    )
    publisher = hints_module._Publisher()
    with publisher._ready:  # the burst is over before the publisher looks
        for _sample in range(100):
            publisher.put(listen.EVALUATE, (7,), Urgency.HIGH)
        publisher.put(listen.EVALUATE, (8,), Urgency.HIGH)

    assert [sent.get(timeout=10), sent.get(timeout=10)] == [
        (listen.EVALUATE, (7,)),
        (listen.EVALUATE, (8,)),
    ]
    assert sent.empty()


def test_a_signal_that_is_computed_is_driven_by_its_parts() -> None:
    policies = [{"kind": "target", "signal": "infra.gpu.memory.total", "per_replica": 8}]
    document: dict[str, Any] = chat_document(policies=policies)

    assert "infra.gpu.memory.used" in listen.drivers(document)


def test_an_idle_policy_that_names_no_signal_is_driven_by_the_usual_one() -> None:
    policies = [{"kind": "idle", "below": "30%", "for": "15m"}]

    assert "infra.gpu.utilization" in listen.drivers(chat_document(policies=policies))
