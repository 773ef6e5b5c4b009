"""A fake cloud behind the workload `chat-7b` of team A, and hints that are only noted down."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from controlplane.accounts.models import Team
from controlplane.decisions import actuate, actuators, cycle, listen, record
from controlplane.workloads.models import Workload
from tests.controlplane.decisions.cloud import Cloud
from tests.factories import make_workload

Hint = tuple[str, int]


@pytest.fixture
def hints(monkeypatch: pytest.MonkeyPatch) -> list[Hint]:
    """Every hint that would have gone to a worker: (the task's last word, a row's key)."""
    noted: list[Hint] = []

    def note(task: str, *args: int, **_urgency: Any) -> None:
        noted.append((task.rsplit(".", 1)[-1], args[0]))

    for module in (actuate, cycle, listen, record):
        monkeypatch.setattr(module, "hint", note)
    return noted


@pytest.fixture(autouse=True)
def _nobody_watches(monkeypatch: pytest.MonkeyPatch, hints: list[Hint]) -> None:
    """No page is open and no worker listens: nothing leaves the process."""
    monkeypatch.setattr(listen, "_drivers", listen.Drivers())
    for module in (actuate, record):
        monkeypatch.setattr(module, "announce", lambda *_args, **_words: None)


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """Runs five replicas of `chat-7b`."""
    fake = Cloud({"chat-7b": 5})
    with actuators.standing_in("simulated", fake):
        yield fake


@pytest.fixture
def chat(team_a: Team, noon: datetime, cloud: Cloud) -> Workload:
    """A workload in auto mode whose size was read at noon."""
    row = make_workload(team_a, now=noon)
    row.pools.update(ready=5, observed_at=noon)  # as read; its samples would only take time
    return row
