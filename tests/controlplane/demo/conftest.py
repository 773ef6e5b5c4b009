"""A demo that is loaded once for a whole module, a pretend cloud, and nobody who listens.

test  ─┬─ demo: rows and series of the module's load, undone after each test; its own cloud's file
       └─ cloud: an empty database and an empty cloud, for tests that load by themselves
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from controlplane.accounts.models import Team
from controlplane.common import pulse
from controlplane.decisions import actuate, cycle, listen, record
from controlplane.decisions.actuators import standing_in
from controlplane.demo.load import TEAM, load
from controlplane.forecasts import refresh
from controlplane.metrics import ingest
from scaler.actuators.simulated import SimulatedCloud

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # what the fixture `noon` says, too
TOOK = timedelta(seconds=40)  # a load, as the clock of these tests has it


def loaded(now: datetime, *, hours: float = 1.5, trace: Path | None = None) -> list[str]:
    """What `demo_load` does, with less history; the clock goes on by 40 s meanwhile."""
    ticks = iter((now, *[now + TOOK] * 100))
    return load(
        clock=lambda: next(ticks),
        trace=trace,
        days=timedelta(hours=hours),
        tell=lambda _line: None,
    )


@contextmanager
def _alone(folder: Path) -> Iterator[SimulatedCloud]:
    """A cloud in `folder`; hints and pulses go nowhere."""
    with pytest.MonkeyPatch.context() as patched:
        for module in (cycle, listen, record):
            patched.setattr(module, "hint", lambda *_args, **_words: None)
        for module in (actuate, record, refresh):
            patched.setattr(module, "announce", lambda *_args, **_words: None)
        patched.setattr(pulse, "announce", lambda *_args, **_words: None)
        patched.setattr(ingest, "_teams", {})  # ids of series that an undone test made
        made = SimulatedCloud(folder / "cloud")
        with standing_in("simulated", made):
            yield made


@pytest.fixture
def cloud(tmp_path: Path, settings: Any) -> Iterator[SimulatedCloud]:
    """A simulated cloud of this test alone, empty at first."""
    settings.DATA_DIR, settings.MODEL_DIR = tmp_path, tmp_path / "models"
    with _alone(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def _past(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: Any
) -> Iterator[Path]:
    """Three hours loaded at noon, in a transaction around the module; where its cloud lies."""
    folder = tmp_path_factory.mktemp("demo")
    with django_db_blocker.unblock(), transaction.atomic():
        with _alone(folder), override_settings(DATA_DIR=folder):
            loaded(NOON, hours=3)
        yield folder
        transaction.set_rollback(True)


@pytest.fixture
def demo(_past: Path, tmp_path: Path, db: None, request: pytest.FixtureRequest) -> Team:
    """The team with the loaded demo, in a state of this test alone."""
    shutil.copytree(_past / "cloud", tmp_path / "cloud")
    request.getfixturevalue("cloud")
    return Team.objects.get(slug=TEAM)
