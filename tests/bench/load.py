"""A seed → remote-write bodies of many vLLM-shaped series, and a sender that keeps connections."""

import http.client
import random
import struct
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count as forever
from typing import Any
from urllib.parse import urlsplit

import cramjam
import numpy as np

from controlplane.metrics.sample import Floats, Ints
from tests.controlplane.metrics.prompb import field, label, varint

EDGES = ("0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf")
HISTOGRAMS = ("time_to_first_token_seconds", "e2e_request_latency_seconds")
COUNTERS = ("prompt_tokens_total", "generation_tokens_total", "num_preemptions_total")
GAUGES = ("num_requests_running", "num_requests_waiting", "kv_cache_usage_perc")


@dataclass(frozen=True, slots=True)
class Walk:
    """One series: its encoded labels, what a step adds (0: it wanders), what its values divide."""

    labels: bytes
    pace: float
    divisor: float


def series(count: int) -> list[Walk]:
    """`count` series of as many replicas as that takes, eight labels and a name each."""
    found: list[Walk] = []
    for replica in forever():
        for name, edge, pace in _metrics():
            if len(found) == count:
                return found
            divisor = 1000.0 if name.endswith("_perc") else 1.0
            found.append(Walk(_labels(name, edge, replica), pace, divisor))
    raise AssertionError("replicas do not end")


def _metrics() -> Iterator[tuple[str, str, float]]:
    for name in HISTOGRAMS:
        for rank, edge in enumerate(EDGES, start=1):
            yield f"{name}_bucket", edge, rank / 2
        yield f"{name}_sum", "", 3.7
        yield f"{name}_count", "", len(EDGES) / 2
    for name in COUNTERS:
        yield name, "", 900.0
    for name in GAUGES:
        yield name, "", 0.0


def _labels(name: str, edge: str, replica: int) -> bytes:
    pairs = {
        "__name__": f"vllm:{name}",
        "engine": "0",
        "instance": f"10.0.{replica // 250}.{replica % 250}:8000",
        "job": "vllm",
        "model_name": "meta-llama/Llama-3.1-8B-Instruct",
        "namespace": "inference",
        "pod": f"chat-7b-6f9c7d8b5d-{replica:05d}",
        "workload": "chat-7b",
        "le" if edge else "zone": edge or "eu-1a",
    }
    return b"".join(label(*pair) for pair in sorted(pairs.items()))


def rounds(walks: Sequence[Walk], *, start_ms: int, step_ms: int, count: int) -> Iterator[bytes]:
    """Every series once a round, 2,000 samples a body; counters grow, gauges wander."""
    luck = random.Random(11)  # noqa: S311 - figures, nothing secret
    now = [float(luck.randrange(50)) for _ in walks]
    for turn in range(count):
        stamp = b"\x10" + varint(start_ms + turn * step_ms)
        for low in range(0, len(walks), 2000):
            frames = []
            for index in range(low, min(low + 2000, len(walks))):
                pace = walks[index].pace
                if pace:
                    now[index] += luck.randrange(int(pace) + 2)
                else:
                    now[index] = max(0.0, now[index] + luck.choice((-1, 0, 0, 1)))
                raw = struct.pack("<d", now[index] / walks[index].divisor)
                value = b"" if raw == bytes(8) else b"\x09" + raw
                frames.append(field(1, walks[index].labels + field(2, value + stamp)))
            yield bytes(cramjam.snappy.compress_raw(b"".join(frames)))


def past(at: float) -> list[tuple[str, dict[str, str], tuple[Ints, Floats]]]:
    """(name, labels, points), 15 s apart: `week` seven days, `hour` an hour of 1,000 series."""
    luck = np.random.default_rng(5)
    end = round(at) // 15 * 15_000

    def points(count: int) -> tuple[Ints, Floats]:
        times = end - 15_000 * np.arange(count, 0, -1, dtype=np.int64)
        walk: Floats = np.cumsum(luck.normal(0, 1, count))
        return times, np.rint(np.abs(walk))

    hour = [("hour", {"replica": str(number)}, points(240)) for number in range(1000)]
    return [("week", {"replica": "0"}, points(40_320)), *hour]


class Sender:
    """Keep-alive connections to one remote-write address."""

    def __init__(self, url: str, headers: Mapping[str, str], connections: int = 5) -> None:
        parts = urlsplit(url)
        self._path = parts.path
        self._headers = {
            "Content-Type": "application/x-protobuf",
            "Content-Encoding": "snappy",
            "X-Prometheus-Remote-Write-Version": "0.1.0",
            **headers,
        }
        assert parts.hostname is not None
        self._failed = ""
        self._links = [
            http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
            for _ in range(connections)
        ]

    def send(self, bodies: Sequence[bytes], *, per_second: float | None = None) -> list[float]:
        """Seconds each request took, on all connections at once; paced when asked.

        A paced request's clock starts when it was due, so that a stall counts for all it delays.
        """
        began = time.perf_counter()
        due = [began + i / per_second if per_second else 0.0 for i in range(len(bodies))]
        taken: list[float] = []
        threads = [
            threading.Thread(target=self._guarded, args=(link, bodies, due, taken, slot))
            for slot, link in enumerate(self._links)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(taken) < len(bodies):
            raise SystemExit(f"a request failed: {self._failed}")
        return taken

    def _guarded(self, *work: Any) -> None:
        try:
            self._work(*work)
        except Exception as error:  # noqa: BLE001 - reported by the caller, once
            self._failed = str(error)

    def _work(
        self,
        link: http.client.HTTPConnection,
        bodies: Sequence[bytes],
        due: Sequence[float],
        taken: list[float],
        slot: int,
    ) -> None:
        for index in range(slot, len(bodies), len(self._links)):
            time.sleep(max(0.0, due[index] - time.perf_counter()))
            start = due[index] or time.perf_counter()
            link.request("POST", self._path, bodies[index], self._headers)
            answer = link.getresponse()
            said = answer.read()
            if answer.status // 100 != 2:
                raise RuntimeError(f"{self._path} answered {answer.status}: {said[:200]!r}")
            taken.append(time.perf_counter() - start)

    def close(self) -> None:
        for link in self._links:
            link.close()
