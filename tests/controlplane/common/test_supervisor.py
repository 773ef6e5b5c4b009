"""What `up` was asked to do, what it shows, and how it waits."""

import os
import socket
import threading
from pathlib import Path

import pytest

from controlplane.common import valkey
from controlplane.common.errors import Conflict, InvalidInput
from controlplane.common.supervisor.backoff import Backoff
from controlplane.common.supervisor.child import describe_exit
from controlplane.common.supervisor.lock import sole_owner
from controlplane.common.supervisor.options import (
    child_environment,
    options_from,
    parse_port,
    reachable_names,
)
from controlplane.common.supervisor.output import CappedLog, Loudness, pump


def options(tmp_path: Path, host: str = "127.0.0.1", port: object = "8001"):  # type: ignore[no-untyped-def]
    return options_from(host=host, port=port, demo=False, trace=None, data_dir=tmp_path)


@pytest.mark.parametrize("raw", ["0", "65536", "-1", "80.5", "", "http", "٨٠", "9" * 20])
def test_a_port_that_is_none_is_refused_with_its_variable(raw: str) -> None:
    with pytest.raises(InvalidInput, match="PORT"):
        parse_port(raw)


def test_a_trace_that_does_not_exist_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"TRACE='nowhere\.csv'"):
        options_from(host="127.0.0.1", port=1, demo=True, trace="nowhere.csv", data_dir=tmp_path)


def test_children_get_what_the_operator_set_and_our_own_paths(tmp_path: Path) -> None:
    given = {"OMP_NUM_THREADS": "4", "PUBLIC_URL": "https://tidewise.example", "DATA_DIR": "/x"}

    made = child_environment(options(tmp_path), given, broker_url="redis+socket:///s")

    assert made["OMP_NUM_THREADS"] == "4"
    assert made["PUBLIC_URL"] == "https://tidewise.example"
    assert made["DATA_DIR"] == str(tmp_path)
    assert made["BROKER_URL"] == "redis+socket:///s"
    assert "ALLOWED_HOSTS" not in made


def test_listening_on_every_address_allows_this_machines_names(tmp_path: Path) -> None:
    everywhere = options(tmp_path, host="0.0.0.0")  # noqa: S104 - nothing listens here
    made = child_environment(everywhere, {}, broker_url=None)

    assert "BROKER_URL" not in made
    assert {"localhost", "127.0.0.1", socket.gethostname()} <= set(made["ALLOWED_HOSTS"].split(","))
    assert reachable_names("192.0.2.7")[-1] == "192.0.2.7"


def test_an_ipv6_host_is_bracketed_in_its_url(tmp_path: Path) -> None:
    assert options(tmp_path, host="::1").local_url == "http://[::1]:8001"


def test_backoff_grows_to_eight_seconds_and_a_healthy_run_forgives() -> None:
    state, waits = Backoff(), []
    for _exit in range(7):
        state = state.after(ran_for=1.0)
        waits.append(state.delay)

    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert state.after(ran_for=60.0).delay == 0.5


def test_a_second_owner_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    with (
        sole_owner(tmp_path),
        pytest.raises(Conflict, match=f"process {os.getpid()}"),
        sole_owner(tmp_path),
    ):
        raise AssertionError("two owners")


def test_a_freed_data_directory_can_be_owned_again(tmp_path: Path) -> None:
    with sole_owner(tmp_path):
        pass
    with sole_owner(tmp_path):
        assert (tmp_path / "up.lock").read_text().strip() == str(os.getpid())


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "exited with status 0"), (3, "exited with status 3"), (-9, "was killed by SIGKILL")],
)
def test_an_exit_is_said_in_words(status: int, words: str) -> None:
    assert describe_exit(status) == words


def test_only_warnings_and_their_continuations_reach_the_console(tmp_path: Path) -> None:
    lines = [
        b"Fatal Python error before logging\n",
        b"2026-01-01 [info     ] calm\n",
        b"   its continuation\n",
        b"2026-01-01 [warning  ] loud\n",
        b"   its traceback\n",
        b"\n",
        b'{"level": "debug"}\n',
        b'{"level": "error", "event": "json"}\n',
        b"worker: Warm shutdown (MainProcess)\n",
    ]
    shown: list[str] = []

    pump(lines, CappedLog(tmp_path / "web.log"), shown.append)

    assert shown == [
        "Fatal Python error before logging",
        "2026-01-01 [warning  ] loud",
        "   its traceback",
        '{"level": "error", "event": "json"}',
    ]
    assert (tmp_path / "web.log").read_bytes() == b"".join(lines)


def test_a_log_never_grows_past_twice_its_cap(tmp_path: Path) -> None:
    log = CappedLog(tmp_path / "web.log", cap=1000)
    for number in range(200):
        log.write(b"%06d %s\n" % (number, b"x" * 40))
    log.close()

    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["web.log", "web.log.1"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2000
    assert b"000199" in (tmp_path / "web.log").read_bytes()


def test_what_an_interpreter_says_before_its_logging_is_loud() -> None:
    assert Loudness().is_loud(b"ModuleNotFoundError: No module named 'x'")


def test_a_configured_broker_is_used_and_none_is_started() -> None:
    assert valkey.choose({"BROKER_URL": "amqp://x"}, [Path("/bin/true")]) == valkey.External()
    assert valkey.choose({"BROKER_URL_FILE": "/run/s"}, []) == valkey.External()


def test_without_any_server_program_messages_stay_in_memory() -> None:
    choice = valkey.choose({}, [])

    assert isinstance(choice, valkey.InMemory)
    assert "valkey-server" in choice.reason


def test_a_socket_path_that_is_too_long_moves_to_a_folder_of_its_own(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)

    made = valkey.make_socket(deep)

    assert made.borrowed
    assert len(os.fsencode(made.path)) <= 107
    made.remove()
    assert not made.path.parent.exists()


def test_the_socket_folder_lets_only_us_in(tmp_path: Path) -> None:
    made = valkey.make_socket(tmp_path / "run")

    assert made.path.parent.stat().st_mode & 0o777 == 0o700
    assert made.url == f"redis+socket://{made.path}"


def test_pumping_goes_on_when_the_log_cannot_be_written(tmp_path: Path) -> None:
    log = CappedLog(tmp_path / "web.log")
    log.close()
    shown: list[str] = []

    worker = threading.Thread(target=pump, args=([b"[error   ] disk full\n"], log, shown.append))
    worker.start()
    worker.join(5)

    assert shown == ["[error   ] disk full"]
