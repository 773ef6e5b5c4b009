"""A workload, and a model directory of this test's own."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from controlplane.accounts.models import Team
from controlplane.forecasts import refresh, train
from controlplane.workloads.models import Workload
from tests.controlplane.forecasts.pasts import lived, wave
from tests.factories import make_workload

QUICK = ("last-value", "seasonal-naive")  # what needs neither torch nor statsmodels


@pytest.fixture(autouse=True)
def root(tmp_path: Path, settings: Any) -> Path:
    """Where artifacts lie; nothing loaded by another test is remembered."""
    settings.MODEL_DIR = tmp_path / "models"
    refresh._loaded.cache_clear()
    return tmp_path / "models"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train the quick estimators only, wherever training is asked for."""
    monkeypatch.setattr(train, "ESTIMATORS", QUICK)


@pytest.fixture
def chat(team_a: Team, noon: datetime) -> Workload:
    return make_workload(team_a, now=noon)


@pytest.fixture
def fresh(chat: Workload, noon: datetime) -> Workload:
    """A workload with twelve hours of demand: enough for the last value and no more."""
    lived(chat, wave(720), until=noon)
    return chat
