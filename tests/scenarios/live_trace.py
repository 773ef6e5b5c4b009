"""A recorded trace → the whole product fed as if live, in compressed time.

`play` sends every minute of the trace through the real remote-write door as a vLLM counter would
arrive, and runs the real loops at the instants at which beat would: forecast, decide, actuate,
reconcile, ledger. Only the clock is pretended, and the caller moves it.
"""

import csv
import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asgiref.sync import async_to_sync

from controlplane.accounts.models import Team
from controlplane.costs.ledger import roll_up_all
from controlplane.decisions import cycle
from controlplane.decisions.models import WorkloadStatus
from controlplane.decisions.reconcile import reconcile
from controlplane.forecasts.models import ModelVersion
from controlplane.forecasts.refresh import refresh_all
from controlplane.forecasts.train import train
from controlplane.metrics import upkeep
from controlplane.metrics.receivers import http
from controlplane.workloads.models import Workload
from tests.controlplane.metrics.prompb import page

MINUTE = timedelta(minutes=1)
COUNTER = "vllm:prompt_tokens_total"


@dataclass(frozen=True, slots=True)
class Minute:
    """One row of the trace: what arrived in the minute that begins at `at`."""

    at: datetime
    tokens: float


@dataclass(slots=True)
class Journey:
    """What was seen on the way: (demand per second, ready replicas) of every live minute."""

    version: ModelVersion | None = None
    live: list[tuple[float, int]] = field(default_factory=list)


def read_minutes(path: Path, column: str) -> list[Minute]:
    """Every row of a gzip CSV whose `column` is present, times taken as UTC."""
    with gzip.open(path, "rt", newline="") as file:
        return [
            Minute(datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC), float(row[column]))
            for row in csv.DictReader(file)
            if row[column]
        ]


class Exporter:
    """A vLLM counter that a Prometheus agent sends on: cumulative, one sample a minute."""

    def __init__(self, workload: str, token: str) -> None:
        self._labels = {"__name__": COUNTER, "workload": workload, "instance": "replayed:8000"}
        self._token = token
        self._total = 0.0

    def send(self, minutes: list[Minute]) -> None:
        """One request with a sample at the end of each minute; it must be accepted whole."""
        samples = []
        for minute in minutes:
            self._total += minute.tokens
            samples.append((round((minute.at + MINUTE).timestamp() * 1000), self._total))
        status = async_to_sync(self._post)(page([(self._labels, samples)]))
        assert status == 204, f"remote-write answered {status}"

    async def _post(self, body: bytes) -> int:
        headers = {
            "authorization": f"Bearer {self._token}",
            "content-type": "application/x-protobuf",
            "content-encoding": "snappy",
            "x-prometheus-remote-write-version": "0.1.0",
        }
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/api/v1/write",
            "query_string": b"",
            "headers": [(name.encode(), text.encode()) for name, text in headers.items()],
        }
        statuses: list[int] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, int]) -> None:
            statuses.append(message.get("status", 0))

        await http.ingest_app(scope, receive, send)
        return statuses[0]


def play(
    trace: list[Minute],
    workload: Workload,
    exporter: Exporter,
    *,
    history: timedelta,
    set_clock: Callable[[datetime], None],
) -> Journey:
    """Send everything; train once `history` has passed, and decide every minute from then on."""
    journey = Journey()
    border = trace[0].at + history
    past = [minute for minute in trace if minute.at < border]
    for start in range(0, len(past), 60):
        hour = past[start : start + 60]
        set_clock(hour[-1].at + MINUTE)
        exporter.send(hour)
        upkeep.run(now=hour[-1].at + MINUTE)
    journey.version = train(workload, now=past[-1].at + MINUTE)
    for minute in trace[len(past) :]:
        now = minute.at + MINUTE
        set_clock(now)
        exporter.send([minute])
        _beat(now)
        status = WorkloadStatus.objects.get(workload=workload)
        journey.live.append((minute.tokens / 60, status.ready or 0))
    roll_up_all(now=trace[-1].at + MINUTE)
    return journey


def _beat(now: datetime) -> None:
    """What the timetable does within one minute, in its order."""
    reconcile(now=now)
    refresh_all(now=now)
    cycle.run_all(now=now)
    reconcile(now=now)


def trace_workload(team: Team, name: str) -> dict[str, object]:
    """A fleet that serves the trace: a replica reads 2,000 prompt tokens a second."""
    return {
        "apiVersion": "tidewise/v1",
        "kind": "Workload",
        "metadata": {"name": name, "team": team.slug},
        "spec": {
            "demand": {"signal": "business.tokens.input.rate"},
            "capacity": {"per_replica": 2000},
            "replicas": {"min": 2, "max": 80},
            "pools": [
                {
                    "name": "pool",
                    "target": {"kind": "simulated", "name": name},
                    "price": {"amount": "2.50", "currency": "USD"},
                    "lead_time": "5m",
                }
            ],
            "policies": [
                {"kind": "target", "signal": "business.tokens.input.rate", "per_replica": 1400},
                {"kind": "predictive", "horizon": "30m", "quantile": "auto", "utilization": "70%"},
            ],
            "baseline": {"replicas": 60},
            "mode": "auto",
        },
    }
