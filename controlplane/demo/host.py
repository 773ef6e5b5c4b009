"""This machine → its own processor, memory and network as readings: a real source, not a made-up
one. Counters leave here as growth since the last look."""

import socket
from fnmatch import fnmatchcase

import numpy as np
import psutil

from controlplane.demo.telemetry import Reading
from controlplane.metrics.sample import Kind

VIRTUAL = ("lo", "lo[0-9]*", "veth*", "docker*", "br-*", "virbr*", "cni*", "flannel*")


class Host:
    """Looks at the machine; the first look only remembers where counters stand."""

    def __init__(self) -> None:
        self._labels = (("node", socket.gethostname()), ("source", "host"))
        self._network: dict[str, tuple[int, int]] = {}
        self._started = False

    def look(self) -> list[Reading]:
        """Everything the operating system says now."""
        busy = psutil.cpu_percent(interval=None) / 100  # since the last look
        memory = psutil.virtual_memory()
        found = [
            self._reading("infra.memory.total", float(memory.total)),
            self._reading("infra.memory.available", float(memory.available)),
            *self._traffic(),
        ]
        if self._started:
            found.append(self._reading("infra.cpu.utilization", min(1.0, round(busy, 4))))
        self._started = True
        return found

    def _traffic(self) -> list[Reading]:
        found = []
        for device, counted in (psutil.net_io_counters(pernic=True) or {}).items():
            if any(fnmatchcase(device, pattern) for pattern in VIRTUAL):
                continue
            now = (counted.bytes_recv, counted.bytes_sent)
            before = self._network.get(device, now)
            self._network[device] = now
            for way, grown in zip(
                ("rx", "tx"), (now[0] - before[0], now[1] - before[1]), strict=True
            ):
                found.append(self._counter(f"infra.network.{way}", device, max(0, grown)))
        return found

    def _reading(self, signal: str, value: float) -> Reading:
        return Reading(signal, self._labels, np.array([value]))

    def _counter(self, signal: str, device: str, growth: int) -> Reading:
        labels = tuple(sorted((*self._labels, ("device", device))))
        return Reading(signal, labels, np.array([float(growth)]), Kind.COUNTER)
