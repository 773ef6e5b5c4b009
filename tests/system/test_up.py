"""`manage.py up` as a user meets it: it starts, heals, refuses politely, leaves nothing behind."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.system.hearts import broker_url, heartbeats, send
from tests.system.running import ROOT, Running, wait_for

pytestmark = pytest.mark.system
BACK_SECONDS = 10.0
QUICK: dict[str, Any] = {"CYCLE_SECONDS": "1"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One installation that the healing tests share; each leaves it whole."""
    with Running(tmp_path_factory.mktemp("up"), **QUICK) as up:
        up.wait_until_announced()
        yield up


def the(up: Running, name: str) -> psutil.Process:
    """The process of that name, as soon as it runs."""
    wait_for(lambda: up.find(name) is not None, seconds=20, why=f"{name} runs:\n{up.output}")
    found = up.find(name)
    assert found is not None
    return found


def works_since(up: Running, moment: datetime) -> bool:
    """Whether the web answers and a beat message reached a worker after `moment`."""
    last = heartbeats(up.data_dir).get("cycle")
    return up.get("/livez")[0] == 200 and last is not None and last > moment


def replaced(up: Running, name: str, victim: psutil.Process) -> bool:
    now = up.find(name)
    return now is not None and now.pid != victim.pid


@pytest.mark.parametrize("name", ["web", "worker", "beat", "broker"])
def test_a_killed_process_is_back_within_ten_seconds(running: Running, name: str) -> None:
    victim = the(running, name)
    wait_for(
        lambda: works_since(running, datetime.min.replace(tzinfo=UTC)), seconds=20, why="beats"
    )
    moment = datetime.now(UTC)
    victim.kill()

    took = wait_for(
        lambda: replaced(running, name, victim) and works_since(running, moment),
        seconds=BACK_SECONDS,
        why=f"{name} is back:\n{running.output}",
    )
    print(f"recovery of {name}: {took:.1f} s")  # noqa: T201 - a figure for those who look with -s


def test_a_killed_forecast_worker_takes_tasks_again_within_ten_seconds(running: Running) -> None:
    victim = the(running, "forecast")
    moment = datetime.now(UTC)
    victim.kill()
    victim.wait(5)  # the broker may still hand a message to a process that is dying
    send(
        "controlplane.forecasts.tasks.refresh_all",
        queue="forecast",
        url=broker_url(running.data_dir),
    )

    def forecasts_again() -> bool:
        last = heartbeats(running.data_dir).get("forecast")
        return replaced(running, "forecast", victim) and last is not None and last > moment

    took = wait_for(forecasts_again, seconds=BACK_SECONDS, why=running.output)
    print(f"recovery of forecast: {took:.1f} s")  # noqa: T201 - as above


def test_a_killed_pool_process_is_replaced(running: Running) -> None:
    worker = the(running, "worker")
    wait_for(lambda: len(worker.children()) >= 2, seconds=20, why="the pool is full")
    moment = datetime.now(UTC)
    for child in worker.children():
        child.kill()

    took = wait_for(
        lambda: len(worker.children()) >= 2 and works_since(running, moment),
        seconds=BACK_SECONDS,
        why=running.output,
    )
    print(f"recovery of the pool: {took:.1f} s")  # noqa: T201 - as above


def test_a_restarted_web_process_keeps_callers_waiting_instead_of_refusing(
    running: Running,
) -> None:
    the(running, "web").kill()

    status, _body = running.get("/livez", timeout=BACK_SECONDS)

    assert status == 200


def test_a_second_up_on_the_same_data_refuses_and_names_the_first(running: Running) -> None:
    with Running(running.data_dir, **QUICK) as second:
        status = second.process.wait(30)

    assert status == 1
    assert str(running.process.pid) in second.output
    assert running.process.poll() is None


def test_ctrl_c_stops_every_process_and_two_installations_run_side_by_side(tmp_path: Path) -> None:
    with Running(tmp_path / "one", **QUICK) as one, Running(tmp_path / "two", **QUICK) as two:
        print(f"start: {one.wait_until_announced():.1f} s")  # noqa: T201 - as above
        two.wait_until_announced()
        assert one.interrupt() == 0
        assert one.processes() == []
        moment = datetime.now(UTC)
        wait_for(lambda: works_since(two, moment), seconds=10, why="the other one goes on")

        assert two.interrupt() == 0
        assert two.processes() == []


def test_sigterm_is_a_clean_stop_too(tmp_path: Path) -> None:
    with Running(tmp_path, **QUICK) as up:
        up.wait_until_announced()
        up.process.terminate()

        assert up.process.wait(20) == 0
        assert up.processes() == []


def test_processes_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with Running(tmp_path, **QUICK) as up:
        up.wait_until_announced()
        up.process.kill()

        wait_for(lambda: up.processes() == [], seconds=20, why="all gone")


def test_a_stop_during_start_up_leaves_nothing_behind(tmp_path: Path) -> None:
    with Running(tmp_path, **QUICK) as up:
        wait_for(lambda: "is starting" in up.output, seconds=30, why="it says hello")

        assert up.interrupt() == 0
        assert up.processes() == []


def test_a_taken_port_is_refused_with_the_name_of_the_variable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Running(tmp_path, port=port) as up:
            status = up.process.wait(30)

            assert (status, up.processes()) == (1, [])

    assert "PORT" in up.output
    assert str(port) in up.output
    assert "Traceback" not in up.output


def test_without_a_broker_one_process_does_everything(tmp_path: Path) -> None:
    with Running(tmp_path, BROKER_URL="memory://", **QUICK) as up:
        up.wait_until_announced()
        moment = datetime.now(UTC)
        wait_for(lambda: works_since(up, moment), seconds=20, why=up.output)

        assert "No broker" in up.output
        assert len(up.processes()) == 2  # the supervisor and the one process
        assert up.interrupt() == 0
        assert up.processes() == []


def test_an_unknown_setting_value_stops_start_up_with_its_hint(tmp_path: Path) -> None:
    with Running(tmp_path, BROKER_URL="kafka://somewhere") as up:
        status = up.process.wait(30)

    assert status == 1
    assert "CP.E007" in up.output
    assert "amqp://" in up.output


def test_up_help_shows_an_example() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "up", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "python manage.py up --demo" in done.stdout
