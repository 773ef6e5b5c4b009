"""What no forecast needs any more → gone, and nothing else with it."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from controlplane.common.heartbeats import heartbeats
from controlplane.forecasts import retention, train, trainings
from controlplane.forecasts.models import ForecastRecord, ModelState, ModelVersion
from controlplane.forecasts.refresh import refresh
from controlplane.workloads.models import Workload
from forecasting import artifacts
from tests.controlplane.forecasts.pasts import MINUTE

pytestmark = pytest.mark.usefixtures("quick")


def aged(root: Path, *, changed: datetime) -> None:
    """Every folder below as if it had been written then."""
    for folder, _names, _files in os.walk(root):
        os.utime(folder, (changed.timestamp(), changed.timestamp()))


def test_the_champions_folder_stays_and_its_forerunners_goes(
    fresh: Workload, noon: datetime, root: Path
) -> None:
    train.train(fresh, now=noon)
    champion = train.train(fresh, now=noon + trainings.LEASE)
    aged(root, changed=noon)

    assert retention.sweep(root, now=noon + timedelta(hours=2)) == 1
    old = fresh.model_versions.get(state=ModelState.RETIRED)
    assert (old.artifact, old.checksum) == ("", "")
    assert artifacts.load(root, champion.artifact, checksum=champion.checksum)


def test_a_young_folder_may_be_somebodys_work(fresh: Workload, noon: datetime, root: Path) -> None:
    version = train.train(fresh, now=noon)
    ModelVersion.objects.all().delete()  # as it looks before the row is written
    aged(root, changed=noon)

    assert retention.sweep(root, now=noon + timedelta(minutes=59)) == 0
    assert (root / version.artifact).is_dir()
    assert retention.sweep(root, now=noon + timedelta(minutes=61)) == 1
    assert not (root / version.artifact).exists()


def test_drafts_and_the_folders_of_workloads_that_are_gone_are_swept(
    fresh: Workload, noon: datetime, root: Path
) -> None:
    train.train(fresh, now=noon)
    fresh.delete()
    draft = root / "7" / "8" / ".draft-abc"
    draft.mkdir(parents=True)
    (draft / "weights.safetensors").write_bytes(b"half")
    aged(root, changed=noon)

    assert retention.sweep(root, now=noon + timedelta(hours=2)) == 2
    assert not draft.exists()


def test_a_link_is_never_followed_out_of_the_directory(
    db: None, noon: datetime, root: Path
) -> None:
    precious = root.parent / "precious" / "a" / "b"
    precious.mkdir(parents=True)
    root.mkdir()
    (root / "team").symlink_to(root.parent / "precious")
    aged(root.parent / "precious", changed=noon)

    assert retention.sweep(root, now=noon + timedelta(days=9)) == 0
    assert precious.is_dir()


def test_without_a_model_directory_there_is_nothing_to_sweep(
    db: None, noon: datetime, root: Path
) -> None:
    assert retention.sweep(root, now=noon) == 0


def test_forecasts_are_kept_for_a_week(fresh: Workload, noon: datetime) -> None:
    refresh(fresh, now=noon)
    refresh(fresh, now=noon + MINUTE)
    retention.retain(now=noon + retention.FORECASTS_FOR)

    assert ForecastRecord.objects.count() == 2
    retention.retain(now=noon + retention.FORECASTS_FOR + timedelta(seconds=30))
    assert [row.origin for row in ForecastRecord.objects.all()] == [noon + MINUTE]
    assert "forecasts.retain" in heartbeats()


def test_many_old_forecasts_go_in_batches(
    fresh: Workload, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for minute in range(5):
        refresh(fresh, now=noon + minute * MINUTE)
    retention.retain(now=noon + timedelta(days=8))

    assert not ForecastRecord.objects.exists()


def test_old_versions_go_but_a_champion_stays_however_old(fresh: Workload, noon: datetime) -> None:
    train.train(fresh, now=noon)
    champion = train.train(fresh, now=noon + trainings.LEASE)
    retention.retain(now=noon + timedelta(days=91))

    assert list(ModelVersion.objects.all()) == [champion]


def test_a_forecast_outlives_the_version_that_made_it(fresh: Workload, noon: datetime) -> None:
    train.train(fresh, now=noon)
    made = refresh(fresh, now=noon)
    ModelVersion.objects.all().delete()

    assert made is not None
    assert ForecastRecord.objects.get(pk=made.pk).model == "last-value"
