"""Debian's PostgreSQL, RabbitMQ and Chromium → fixtures on free ports with temporary data.

A missing server skips the tests that need it and says what to install; with CI=true it fails them.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests.system.running import free_port, wait_for

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def missing(server: str, package: str) -> NoReturn:
    """Skip with a reason a person can act on; a failure where everything must be there."""
    reason = f"{server} is not installed; run: apt-get install --no-install-recommends {package}"
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(reason)
    pytest.skip(reason)


def newest(pattern: str) -> Path | None:
    """The latest of the paths below / that match."""
    return max(Path("/").glob(pattern), default=None)


def _as_user(*command: str) -> list[str]:
    """PostgreSQL refuses root and runs as nobody; RabbitMQ does not care."""
    return ["runuser", "-u", "nobody", "--", *command] if os.geteuid() == 0 else list(command)


def _quiet(command: list[str], **environment: str) -> None:
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"


def _scratch(name: str) -> Path:
    """A folder outside pytest's own (which only its user may enter), given to nobody."""
    folder = Path(tempfile.mkdtemp(prefix=f"tidewise-{name}-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of an empty server, without a database name: postgresql://app@127.0.0.1:PORT."""
    control = newest("usr/lib/postgresql/*/bin/pg_ctl")
    if control is None:
        missing("PostgreSQL", "postgresql")
    programs, folder, port = control.parent, _scratch("pg"), free_port()
    data = str(folder / "data")
    options = (
        f"-c listen_addresses=127.0.0.1 -p {port} -c unix_socket_directories={folder}"
        " -c fsync=off -c full_page_writes=off"
    )
    _quiet(
        _as_user(
            *(str(programs / "initdb"), "-D", data, "-U", "app", "-A", "trust", "--no-sync"),
            *("-E", "UTF8", "--locale=C.UTF-8"),
        )
    )
    log = str(folder / "log")
    try:
        _quiet(_as_user(str(control), "-D", data, "-w", "-l", log, "-o", options, "start"))
        yield f"postgresql://app@127.0.0.1:{port}"
    finally:
        subprocess.run(
            _as_user(str(control), "-D", data, "-m", "immediate", "-w", "stop"),
            capture_output=True,
            check=False,
            cwd="/",
        )
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A fresh, empty database of its own, dropped afterwards."""
    import psycopg

    name = f"t{os.getpid()}_{os.urandom(4).hex()}"
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        yield f"{postgres_server}/{name}"
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def rabbitmq_url() -> Iterator[str]:
    """A RabbitMQ node of its own: amqp://guest:guest@127.0.0.1:PORT//."""
    scripts = newest("usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin")
    if scripts is None:
        missing("RabbitMQ", "rabbitmq-server")
    folder, port = _scratch("rmq"), free_port()
    epmd, distribution, tools = free_port(), free_port(), free_port()
    (folder / "enabled_plugins").write_text("[].")
    environment = {
        "HOME": str(folder),  # keeps the Erlang cookie here
        "RABBITMQ_BASE": str(folder),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_NODENAME": f"rmq{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_CTL_DIST_PORT_MIN": str(tools),
        "RABBITMQ_CTL_DIST_PORT_MAX": str(tools + 10),
        "ERL_EPMD_PORT": str(epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    }
    try:
        _quiet([str(scripts / "rabbitmq-server"), "-detached"], **environment)
        wait_for(lambda: _answers(port), seconds=60, why="RabbitMQ listens")
        control = str(scripts / "rabbitmqctl")
        _quiet([control, "await_startup", "--timeout", "60"], **environment)
        yield f"amqp://guest:guest@127.0.0.1:{port}//"
    finally:
        for command in (
            [str(scripts / "rabbitmqctl"), "stop", str(folder / "pid")],
            ["epmd", "-port", str(epmd), "-kill"],
        ):
            subprocess.run(
                command,
                env={**os.environ, **environment},
                capture_output=True,
                check=False,
                timeout=60,
                cwd="/",
            )
        shutil.rmtree(folder, ignore_errors=True)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Debian's Chromium, for Playwright's `executable_path`; launch it with CHROMIUM_FLAGS."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        missing("Chromium", "chromium")
    return found
