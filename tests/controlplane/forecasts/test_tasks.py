"""Messages → services: queues, limits, and what each task hands on."""

from datetime import datetime
from typing import Any

import pytest

from controlplane.celery import TIMETABLE, app, route
from controlplane.common import clock
from controlplane.common.broker import transport_options
from controlplane.forecasts import refresh, retention, tasks, train, trainings

TASKS = (tasks.refresh_all, tasks.train_due, tasks.retain)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_task_runs_where_torch_may_be_loaded(task: Any) -> None:
    assert route(task.name) == {"queue": "forecast"}
    assert task.name in [name for name, _period, _queue in TIMETABLE]


@pytest.mark.parametrize(
    ("task", "service"),
    [
        (tasks.refresh_all, (refresh, "refresh_all")),
        (tasks.train_due, (train, "train_due")),
        (tasks.retain, (retention, "retain")),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_a_task_only_hands_on_the_time(
    task: Any, service: tuple[Any, str], noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[datetime] = []
    monkeypatch.setattr(clock, "now", lambda: noon)
    monkeypatch.setattr(*service, lambda *, now: heard.append(now))
    task()

    assert heard == [noon]


def limits(task: Any) -> tuple[float, float]:
    """Seconds until a task is asked to end, and until it is killed."""
    return float(task.soft_time_limit), float(task.time_limit)


def test_a_training_may_not_outlive_its_lease_or_be_delivered_twice() -> None:
    soft, hard = limits(tasks.train_due)
    options = transport_options("redis+socket:///run/valkey.sock")

    assert soft < hard < trainings.LEASE.total_seconds()
    assert hard < options["visibility_timeout"]


def test_a_refresh_ends_by_itself_before_it_is_interrupted() -> None:
    soft, hard = limits(tasks.refresh_all)

    assert refresh.BUDGET < soft < hard


def test_a_killed_workers_message_comes_back() -> None:
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
