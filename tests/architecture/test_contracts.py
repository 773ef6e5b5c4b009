"""The dependency rules D1-D9 hold, and each of them breaks when somebody breaks it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent

# Rule → (file, a line that breaks it). Each is added at the end of a copy of the tree.
PLANTED = {
    "D1": ("forecasting/series.py", "import scaler.errors"),
    "D2": ("scaler/pricing.py", "import django.utils.timezone"),
    "D3": ("scaler/policies/target.py", "import random"),
    "D5": ("controlplane/forecasts/refresh.py", "import torch"),
    "D6": ("controlplane/metrics/ingest.py", "import controlplane.decisions.models"),
    "D7": ("controlplane/metrics/wire/varint.py", "import django.conf"),
    "D8 only celery.py": ("controlplane/costs/ledger.py", "import celery"),
    "D8 only common.pulse": ("controlplane/costs/ledger.py", "import channels.layers"),
    "D8 nothing but": ("controlplane/metrics/ingest.py", "import pika"),
}
LINTED = {
    "TID251": ("scaler/pricing.py", "from datetime import datetime\nX = datetime.now()\n"),
    "PLC0415": ("controlplane/costs/ledger.py", "def late() -> None:\n    import json\n"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The three packages and the contracts, to be broken."""
    for name in ("controlplane", "scaler", "forecasting"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def check(folder: Path, *command: str) -> tuple[int, str]:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_import_contracts_hold() -> None:
    status, said = check(ROOT, "lint-imports", "--no-cache")

    assert status == 0, said


@pytest.mark.system
@pytest.mark.parametrize("rule", PLANTED)
def test_a_planted_import_breaks_its_contract(copy: Path, rule: str) -> None:
    name, line = PLANTED[rule]
    with (copy / name).open("a") as file:
        file.write(f"\n{line}\n")

    status, said = check(copy, "lint-imports", "--no-cache")

    assert status != 0
    assert [part for part in said.splitlines() if part.startswith(rule) and "BROKEN" in part], said


@pytest.mark.system
@pytest.mark.parametrize("rule", LINTED)
def test_a_planted_clock_or_hidden_import_fails_the_lint(copy: Path, rule: str) -> None:
    name, lines = LINTED[rule]
    with (copy / name).open("a") as file:
        file.write(f"\n{lines}")

    status, said = check(copy, "ruff", "check", "--select", rule, "--no-cache", name)

    assert status != 0
    assert rule in said
