"""What the quick tests prove on SQLite, proven once more on a real PostgreSQL."""

import os
import subprocess
import sys

import pytest

from tests.system.running import CLEARED, ROOT

pytestmark = pytest.mark.system

# Everything that reads or writes rows. Pure tests would only be repeated.
PATHS = (
    "tests/contracts/test_metric_store.py",
    "tests/controlplane/accounts",
    "tests/controlplane/api",
    "tests/controlplane/costs",
    "tests/controlplane/decisions",
    "tests/controlplane/forecasts",
    "tests/controlplane/workloads",
    *(f"tests/controlplane/metrics/test_{part}.py" for part in ("embedded", "ingest", "selectors")),
)


def test_the_quick_tests_pass_on_postgresql(postgres_url: str) -> None:
    environment = {name: text for name, text in os.environ.items() if name not in CLEARED}
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:cov"),
            *("-m", "not system and not browser", "--show-capture=no", *PATHS),
        ],
        cwd=ROOT,
        env={**environment, "DATABASE_URL": postgres_url},
        capture_output=True,
        text=True,
        timeout=480,
        check=False,
    )

    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
