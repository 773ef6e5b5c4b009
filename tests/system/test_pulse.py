"""A pulse announced by one process is heard by another, on every broker that we support."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection

from controlplane.common import valkey
from controlplane.common.broker import transport_options
from controlplane.common.pulse import listen
from tests.system.running import ROOT, wait_for

pytestmark = pytest.mark.system
ANNOUNCER = """
import time
import django
django.setup()
from controlplane.common.pulse import announce
for number in range(20):
    announce("workload", team=7, ref=f"w{number}")
time.sleep(2)
"""


@pytest.fixture(params=["valkey", "rabbitmq"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a running broker."""
    if request.param == "rabbitmq":
        yield request.getfixturevalue("rabbitmq_url")
        return
    binary = next(valkey.servers())
    socket = valkey.make_socket(tmp_path / "run")
    command = valkey.command(binary, socket=socket.path, data=tmp_path)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        wait_for(socket.path.exists, seconds=10, why="valkey listens")
        yield socket.url
        server.terminate()
    socket.remove()


def test_a_pulse_reaches_a_listener_in_another_process(broker: str, settings: Any) -> None:
    settings.BROKER_URL = broker
    heard: list[dict[str, Any]] = []
    stop = threading.Event()
    listener = threading.Thread(target=listen, args=(heard.append,), kwargs={"stop": stop})
    listener.start()
    try:
        wait_for(lambda: _bound(broker), seconds=10, why="the listener's mailbox is bound")
        environment = {"BROKER_URL": broker, "DJANGO_SETTINGS_MODULE": "controlplane.settings"}
        subprocess.run(
            [sys.executable, "-c", ANNOUNCER], cwd=ROOT, env=environment, check=True, timeout=60
        )
        wait_for(lambda: len(heard) >= 20, seconds=10, why=f"all pulses came: {json.dumps(heard)}")
    finally:
        stop.set()
        listener.join(10)

    assert [body["ref"] for body in heard] == [f"w{number}" for number in range(20)]
    assert {(body["topic"], body["team"]) for body in heard} == {("workload", 7)}
    assert sorted(body["seq"] for body in heard) == [body["seq"] for body in heard]


def _bound(url: str) -> bool:
    """Whether a message to the exchange would reach anybody: the exchange exists."""
    with Connection(url, transport_options=transport_options(url)) as connection:
        channel: Any = connection.channel()
        try:
            if hasattr(channel, "get_table"):
                return bool(channel.get_table("tidewise.pulse"))
            channel.exchange_declare("tidewise.pulse", "fanout", passive=True)
        except Exception:  # noqa: BLE001 - whatever a transport raises for "not yet"
            return False
    return True
