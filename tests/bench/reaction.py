"""A breach pushed once a second to a real installation → seconds until the order is recorded.

Usage: python -m tests.bench.reaction [--breaches 60] [--wire json|remote-write]

Every breach doubles or halves a workload's running requests. The clock starts when the breaching
sample was accepted (its 2xx arrived) and stops at the order's own times: recorded, and applied at
the simulated cloud.
"""

import argparse
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from scaler.actuators.base import ScaleTarget
from scaler.actuators.simulated import SimulatedCloud
from tests.system.client import Client, manage
from tests.system.running import Running

WORKLOAD = """
apiVersion: tidewise/v1
kind: Workload
metadata: {name: bench}
spec:
  demand: {signal: service.requests.running}
  replicas: {min: 1, max: 400}
  pools:
    - {name: pool, target: {kind: simulated, name: bench}, lead_time: 1s}
  policies: [{kind: target, signal: service.requests.running, per_replica: 1}]
  guardrails:
    {tolerance: 0%, scale_down_stabilization: 0s, cooldown: 0s, cooldown_down: 0s,
     max_step_up: 400, max_step_down: 400}
  mode: auto
"""
QUIET_SECONDS = (4.0, 8.0)  # between two breaches, so that each meets the loop at another moment


def push(client: Client, running: int, *, remote_write: bool) -> datetime:
    """Send one sample; when its acceptance was known."""
    if remote_write:
        client.write("vllm:num_requests_running", "bench", running)
    else:
        client.push("service.requests.running", "bench", running)
    return datetime.now(UTC)


def prepare(up: Running) -> Client:
    """The workload and its pretend target exist; a client that may push and read."""
    target = ScaleTarget("simulated", "bench")
    SimulatedCloud(up.data_dir / "cloud").create(target, ready=10, lead_time=timedelta(seconds=1))
    spec = up.data_dir / "bench.yaml"
    spec.write_text(WORKLOAD)
    manage(up, "apply", "-f", str(spec))
    return Client(up, "ingest:write", "read")


def measure(client: Client, breaches: int, *, remote_write: bool) -> list[tuple[float, float]]:
    """(seconds to the recorded order, seconds to the applied order) of each breach."""
    luck, size, found = random.Random(7), 10, []  # noqa: S311 - when to breach, nothing secret
    for number in range(breaches):
        quiet = time.monotonic() + luck.uniform(*QUIET_SECONDS)
        while time.monotonic() < quiet:
            push(client, size, remote_write=remote_write)
            time.sleep(1)
        size = 20 if size == 10 else 10
        accepted = push(client, size, remote_write=remote_write)
        order = _ordered(client, size, accepted, remote_write=remote_write)
        found.append(order)
        print(f"\r{number + 1}/{breaches}", end="", file=sys.stderr, flush=True)  # noqa: T201 - progress
    print(file=sys.stderr)  # noqa: T201 - ends the progress line
    return found


def _ordered(
    client: Client, size: int, accepted: datetime, *, remote_write: bool
) -> tuple[float, float]:
    """Keeps pushing the breach once a second until its order was applied."""
    for _second in range(30):
        for order in client.get("/api/v1/actuations?workload=bench&limit=5")["items"]:
            made = datetime.fromisoformat(order["created_at"])
            if order["applied_at"] and order["desired"] == size and made >= accepted:
                applied = datetime.fromisoformat(order["applied_at"])
                return (made - accepted).total_seconds(), (applied - accepted).total_seconds()
        time.sleep(1)
        push(client, size, remote_write=remote_write)
    raise SystemExit(f"no order for {size} replicas within 30 s")


def main() -> None:
    """Start an installation, breach it, print p50, p90, p99 and the worst."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--breaches", type=int, default=60)
    parser.add_argument("--wire", choices=("json", "remote-write"), default="remote-write")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Running(Path(folder)) as up:
        up.wait_until_announced()
        found = measure(prepare(up), asked.breaches, remote_write=asked.wire == "remote-write")
    for name, column in (("recorded", 0), ("applied", 1)):
        taken = sorted(row[column] for row in found)
        at = [taken[min(len(taken) - 1, int(share * len(taken)))] for share in (0.9, 0.99)]
        print(  # noqa: T201 - the result
            f"breach accepted -> order {name}: p50 {median(taken):.2f} s, p90 {at[0]:.2f} s,"
            f" p99 {at[1]:.2f} s, max {taken[-1]:.2f} s, n {len(taken)}, {asked.wire}"
        )


if __name__ == "__main__":
    main()
