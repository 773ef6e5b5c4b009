"""A real node exporter, scraped by a real Prometheus that remote-writes to a real installation.

    the host ──▶ node_exporter ──▶ Prometheus ──remote-write──▶ manage.py up ──▶ signals
        └────────────────────────── psutil ─────────────────────────▲ compared

In between our web process is killed and the whole installation is restarted.
"""

import json
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean
from typing import Any

import psutil
import pytest

from tests.system.client import Client, manage
from tests.system.running import Running, free_port, wait_for

pytestmark = pytest.mark.system

STORED = """
import json, sys
from controlplane.metrics.catalogue.mapping import bind
from controlplane.metrics.ingest import store
from controlplane.metrics.models import SeriesRow
from controlplane.metrics.sample import Source, sorted_labels
from controlplane.metrics.stores.embedded import digest
rows = {row.key: row for row in SeriesRow.objects.all()}
team = next(iter(rows.values())).team_id
points = store.read(team, [row.id for row in rows.values()], start_ms=0, end_ms=2**60)
lost, other = [], []
for metric, samples in json.load(open(%r)):
    name = metric.pop("__name__")
    bound = bind(Source(name, sorted_labels(metric)), "fleet")
    if bound is None:
        continue
    factor, divisor, offset = bound.transform
    row = rows.get(digest(bound.identity))
    held = dict(zip(*(part.tolist() for part in points[row.id]))) if row else {}
    for at, text in samples:
        wanted = float(text) * factor / divisor + offset
        found = held.get(round(at * 1000))
        if found is None:
            lost.append([name, at])
        elif found != wanted and wanted == wanted:
            other.append([name, at, wanted, found])
print(json.dumps([lost[:5], other[:5]]))
"""


def installed(*programs: str) -> list[str]:
    """Their paths; skips where one is missing: these are no servers of ours to require."""
    paths = [shutil.which(program) for program in programs]
    missing = [name for name, path in zip(programs, paths, strict=True) if path is None]
    if missing:
        pytest.skip(f"not installed; apt-get install --no-install-recommends {' '.join(missing)}")
    return [path for path in paths if path]


@contextmanager
def started(*command: str, log: Path) -> Iterator[None]:
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.kill()  # Prometheus would wait a minute for a receiver that is gone
        process.wait()


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
        return json.load(answer)


class Prometheus:
    """The few questions that we have."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def query(self, text: str, at: float | None = None) -> list[Any]:
        words = {"query": text} | ({} if at is None else {"time": str(at)})
        found: list[Any] = get(f"{self.url}/api/v1/query?{urllib.parse.urlencode(words)}")["data"][
            "result"
        ]
        return found


def answers(url: str) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)
        except OSError:
            return False

    return ask


def latest(client: Client, signal: str) -> list[tuple[dict[str, str], float]]:
    """Labels and newest value of each series of a signal."""
    answer = client.get(f"/api/v1/series?signal={signal}")
    return [(one["labels"], one["points"][-1][1]) for one in answer["series"] if one["points"]]


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text"])
def test_a_real_page_is_taken_whole(tmp_path: Path, accept: str) -> None:
    (program,) = installed("prometheus-node-exporter")
    port = free_port()
    url = f"http://127.0.0.1:{port}/metrics"
    command = (program, f"--web.listen-address=127.0.0.1:{port}")
    with started(*command, log=tmp_path / "node.log"), Running(tmp_path / "data") as up:
        up.wait_until_announced()
        wait_for(answers(url), seconds=20, why="the node exporter answers")
        client = Client(up, "ingest:write", "read")
        for _ in range(3):
            request = urllib.request.Request(url, headers={"Accept": accept})
            with urllib.request.urlopen(request) as page:  # noqa: S310 - loopback
                body, media = page.read(), page.headers["Content-Type"]
            answer = client.send("/api/v1/ingest/exposition?workload=host", body, media=media)
            time.sleep(1)
        lines = [line for line in body.splitlines() if line and not line.startswith(b"#")]
        taken = json.loads(answer)["accepted"]
        memory = latest(client, "infra.memory.total")

    # What is left out on purpose: loopback, virtual cards and volumes, birth times of counters.
    assert len(lines) - 40 <= taken <= len(lines)
    assert memory == [({"workload": "host"}, float(psutil.virtual_memory().total))]


CONFIG = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ["127.0.0.1:{node}"]}}]
remote_write:
  - url: http://127.0.0.1:{own}/api/v1/write?workload=fleet
    authorization: {{credentials: {token}}}
    queue_config: {{batch_send_deadline: 1s, max_backoff: 1s}}
"""


def test_a_real_prometheus_loses_nothing_and_the_host_comes_out_right(tmp_path: Path) -> None:
    node, prometheus = installed("prometheus-node-exporter", "prometheus")
    ports = {"node": free_port(), "own": free_port()}
    listen, data, config = free_port(), tmp_path / "data", tmp_path / "prometheus.yml"
    exporter = (node, f"--web.listen-address=127.0.0.1:{ports['node']}")
    command = (
        prometheus,
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{listen}",
    )
    source = Prometheus(listen)
    with Running(data, port=ports["own"]) as up:
        up.wait_until_announced()
        token = manage(up, "create_token", "prometheus", "--scope", "ingest:write")
        config.write_text(CONFIG.format(**ports, token=token))
        client = Client(up, "read")
        with (
            started(*exporter, log=tmp_path / "node.log"),
            started(*command, log=tmp_path / "prometheus.log"),
        ):
            wait_for(answers(f"{source.url}/-/ready"), seconds=30, why="Prometheus is ready")
            wait_for(
                lambda: bool(latest(client, "infra.memory.total")), seconds=30, why="samples arrive"
            )
            host = Host()
            time.sleep(15)
            _kill_web(up)
            time.sleep(5)
            up.process.terminate()
            up.process.wait(30)
            time.sleep(3)
            with Running(data, port=ports["own"]) as again:
                again.wait_until_announced()
                time.sleep(8)
                wanted = host.since()
                ended = time.time()
                _same_samples(again, source, ended, tmp_path)
                found = _host_signals(client, host.began, ended)

    assert found["cpu"] == pytest.approx(wanted["cpu"], abs=0.05)
    assert found["memory"] == pytest.approx(wanted["memory"], rel=0.1)
    for name in ("received", "sent", "read", "written"):
        # A second of difference at each end of the span, and what a restart writes in it.
        assert found[name] == pytest.approx(wanted[name], rel=0.25, abs=200_000)


class Host:
    """What psutil says of this machine over a span."""

    def __init__(self) -> None:
        self.began = time.time()
        self._before = self._look()

    def _look(self) -> dict[str, float]:
        times = psutil.cpu_times()
        cards = psutil.net_io_counters(pernic=True)
        disks = psutil.disk_io_counters(perdisk=True) or {}
        virtual = ("lo", "veth", "ifb", "docker", "dm", "md", "zram")
        real = [cards[name] for name in cards if not name.startswith(virtual)]
        whole = [
            disks[name]
            for name in disks
            if Path("/sys/block", name).exists() and not name.startswith(virtual)
        ]
        return {
            "idle": times.idle,
            "all": sum(times) - times.guest - times.guest_nice,
            "received": sum(card.bytes_recv for card in real),
            "sent": sum(card.bytes_sent for card in real),
            "read": sum(disk.read_bytes for disk in whole),
            "written": sum(disk.write_bytes for disk in whole),
        }

    def since(self) -> dict[str, float]:
        """Shares, bytes per second, and bytes of memory in use now."""
        now, seconds = self._look(), time.time() - self.began
        grown = {name: now[name] - self._before[name] for name in now}
        memory = psutil.virtual_memory()
        found = {name: value / seconds for name, value in grown.items()}
        return {
            **found,
            "cpu": 1 - grown["idle"] / grown["all"],
            "memory": float(memory.total - memory.available),
        }


def _kill_web(up: Running) -> None:
    victim = up.find("web")
    assert victim is not None
    victim.kill()


def _same_samples(up: Running, source: Prometheus, ended: float, folder: Path) -> None:
    """Every sample that Prometheus holds is held by us, with its value."""
    dump = folder / "samples.json"

    def differences() -> list[list[Any]]:
        rows = source.query('{job="node"}[2m]', ended)
        dump.write_text(json.dumps([[row["metric"], row["values"]] for row in rows]))
        found: list[list[Any]] = json.loads(
            manage(up, "shell", "-v", "0", "-c", STORED % str(dump))
        )
        last[:] = found
        return found

    last: list[list[Any]] = []
    try:
        wait_for(lambda: differences() == [[], []], seconds=40, why="every sample is stored")
    except AssertionError:
        assert last == [[], []]
        raise
    assert len(json.loads(dump.read_text())) > 300


def _host_signals(client: Client, began: float, ended: float) -> dict[str, float]:
    def means(signal: str) -> list[float]:
        first, last = (
            time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)) for at in (began, ended)
        )
        rows = client.get(f"/api/v1/series?signal={signal}&start={first}&end={last}&step=5")
        return [mean(value for _, value in row["points"]) for row in rows["series"]]

    return {
        "cpu": mean(means("infra.cpu.utilization")),
        "memory": latest(client, "infra.memory.used")[0][1],
        "received": sum(means("infra.network.rx")),
        "sent": sum(means("infra.network.tx")),
        "read": sum(means("infra.disk.read")),
        "written": sum(means("infra.disk.write")),
    }
