"""Several workers see the same approved order at the same moment: exactly one calls the cloud.

director  order ──────► order ──────► …            one real database,
worker ×4    ╲│╱ claim     ╲│╱ claim               SQLite's file or PostgreSQL
cloud         one call      one call
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.system.running import CLEARED, ROOT

pytestmark = pytest.mark.system
WORKERS, ROUNDS = 4, 40


@pytest.fixture(params=["sqlite", "postgresql"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """What processes need to share one migrated database."""
    found = {name: text for name, text in os.environ.items() if name not in CLEARED}
    found["DATA_DIR"] = str(tmp_path)
    if request.param == "postgresql":
        found["DATABASE_URL"] = request.getfixturevalue("postgres_url")
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"],
        cwd=ROOT,
        env=found,
        check=True,
        timeout=120,
    )
    return found


def started(environment: dict[str, str], *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.system.racer", *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_an_order_that_everybody_sees_is_given_once(
    environment: dict[str, str], tmp_path: Path
) -> None:
    workers = [started(environment, "worker", str(tmp_path)) for _number in range(WORKERS)]
    director = started(environment, "director", str(tmp_path), str(ROUNDS))
    try:
        out, trouble = director.communicate(timeout=120)
    finally:
        (tmp_path / "stop").touch()
        ends = [worker.communicate(timeout=30)[1] for worker in workers]

    assert director.returncode == 0, trouble[-3000:] + "".join(ends)[-3000:]
    assert [worker.returncode for worker in workers] == [0] * WORKERS, "".join(ends)[-3000:]
    rows = dict(json.loads(out))
    calls = Counter((tmp_path / "calls").read_text().split())
    assert len(rows) == ROUNDS
    assert set(rows.values()) == {"applied"}
    assert calls == Counter(dict.fromkeys(rows, 1))
