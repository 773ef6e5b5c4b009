"""Which other metric stores are installed → each as a process with the same doors as ours."""

import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import cramjam

from tests.bench.load import past
from tests.controlplane.metrics.prompb import timeseries, write_request
from tests.system.running import free_port, wait_for


class Neighbour:
    """One product, started on entering and stopped on leaving."""

    def __init__(
        self, name: str, command: Sequence[str], port: int, *, takes_the_past: bool
    ) -> None:
        self.name, self._command, self._port = name, command, port
        self.takes_the_past = takes_the_past
        self.write_url = f"http://127.0.0.1:{port}/api/v1/write"

    def __enter__(self) -> Self:
        # Held to one core, as ours is; later, only the first of its threads could be.
        self._process = subprocess.Popen(
            ["taskset", "-c", "0", *self._command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self._listens, seconds=20, why=f"{self.name} listens")
        time.sleep(1)  # until it has read its empty store
        return self

    def __exit__(self, *_exc: object) -> None:
        self._process.terminate()
        self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def past_bodies(self) -> list[bytes]:
        """What our own backfill holds, as remote-write requests."""
        bodies = []
        for name, labels, (times, values) in past(time.time()):
            for low in range(0, len(times), 10_000):
                part = slice(low, low + 10_000)
                samples = zip(times[part].tolist(), values[part].tolist(), strict=True)
                frame = timeseries({"__name__": name, **labels}, samples)
                bodies.append(bytes(cramjam.snappy.compress_raw(write_request(frame))))
        return bodies

    def questions(self) -> list[str]:
        """The range queries that answer what ours answers, caches left out."""
        end = time.time()
        return [
            f"http://127.0.0.1:{self._port}/api/v1/query_range?query={name}&nocache=1"
            f"&start={end - 3600 * hours:.0f}&end={end:.0f}&step={step}"
            for name, hours, step in (("week", 168, 60), ("hour", 1, 15))
        ]


def neighbours(folder: Path) -> list[Neighbour]:
    """Those that are installed."""
    found = []
    if program := shutil.which("victoria-metrics"):
        port = free_port()
        command = [
            program,
            f"-httpListenAddr=127.0.0.1:{port}",
            f"-storageDataPath={folder / 'victoria'}",
            "-retentionPeriod=1",
        ]
        found.append(Neighbour("VictoriaMetrics", command, port, takes_the_past=True))
    if program := shutil.which("prometheus"):
        port, config = free_port(), folder / "prometheus.yml"
        config.write_text("global: {}\n")
        command = [
            program,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.enable-remote-write-receiver",
        ]
        found.append(Neighbour("Prometheus", command, port, takes_the_past=False))
    return found
