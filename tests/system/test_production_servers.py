"""The same product on PostgreSQL and RabbitMQ: only two settings change."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scaler.actuators.base import ScaleTarget
from scaler.actuators.simulated import SimulatedCloud
from tests.system.client import Client, manage
from tests.system.running import Running, wait_for

pytestmark = pytest.mark.system
WORKLOAD = """
apiVersion: tidewise/v1
kind: Workload
metadata: {name: served}
spec:
  demand: {signal: service.requests.running}
  replicas: {min: 1, max: 40}
  pools: [{name: pool, target: {kind: simulated, name: served}, lead_time: 1s}]
  policies: [{kind: target, signal: service.requests.running, per_replica: 1}]
  mode: auto
"""


@pytest.fixture
def production(tmp_path: Path, postgres_url: str, rabbitmq_url: str) -> Iterator[Running]:
    """`up` with both servers set; it starts neither a broker nor a SQLite file of its own."""
    settings: dict[str, Any] = {
        "DATABASE_URL": postgres_url,
        "BROKER_URL": rabbitmq_url,
        "CYCLE_SECONDS": "1",
    }
    with Running(tmp_path, **settings) as up:
        up.wait_until_announced()
        yield up


def test_a_pushed_sample_becomes_capacity_on_postgresql_and_rabbitmq(production: Running) -> None:
    target = ScaleTarget("simulated", "served")
    cloud = SimulatedCloud(production.data_dir / "cloud")
    cloud.create(target, ready=3, lead_time=timedelta(seconds=1))
    spec = production.data_dir / "served.yaml"
    spec.write_text(WORKLOAD)
    manage(production, "apply", "-f", str(spec))
    client = Client(production, "ingest:write", "read")

    def verified() -> bool:
        client.push("service.requests.running", "served", 6)
        orders = client.items("/api/v1/actuations?workload=served&limit=500")
        return [row["desired"] for row in orders if row["state"] == "verified"] == [6]

    wait_for(verified, seconds=40, why=f"six replicas are verified:\n{production.output}")

    assert [after for _key, _before, after in cloud.journal(target)] == [6]
    assert production.find("broker") is None
    assert not (production.data_dir / "tidewise.sqlite3").exists()
    assert production.interrupt() == 0
    assert production.processes() == []
