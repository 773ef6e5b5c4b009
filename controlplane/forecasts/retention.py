"""What no forecast needs any more → gone: old forecasts, old versions, folders without a row."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.db.models import QuerySet

from controlplane.common.heartbeats import beat
from controlplane.forecasts.models import ForecastRecord, ModelState, ModelVersion

log = structlog.get_logger(__name__)
FORECASTS_FOR = timedelta(days=7)
VERSIONS_FOR = timedelta(days=90)  # of those that do not serve: the record of what was tried
FOLDERS_FOR = timedelta(hours=1)  # a younger folder may belong to a row that is being written
BATCH = 2000


def retain(*, now: datetime) -> None:
    """Drop what is too old. Runs where the artifacts lie; safe to repeat at any time."""
    _drop(ForecastRecord.objects.filter(origin__lt=now - FORECASTS_FOR))
    others = ModelVersion.objects.exclude(state=ModelState.CHAMPION)
    _drop(others.filter(trained_at__lt=now - VERSIONS_FOR))
    sweep(settings.MODEL_DIR, now=now)
    beat("forecasts.retain", now=now)


def sweep(root: Path, *, now: datetime) -> int:
    """Remove the folders of versions that do not serve, and drafts left behind; how many."""
    kept = set(
        ModelVersion.objects.filter(state=ModelState.CHAMPION).values_list("artifact", flat=True)
    )
    removed = 0
    for folder in _folders(root):
        name = folder.relative_to(root).as_posix()
        if name in kept or now - _changed(folder) < FOLDERS_FOR:
            continue
        shutil.rmtree(folder, ignore_errors=True)
        ModelVersion.objects.filter(artifact=name).update(artifact="", checksum="")
        removed += 1
    if removed:
        log.info("forecasts.swept", folders=removed)
    return removed


def _folders(root: Path) -> Iterator[Path]:
    """Folders of artifacts and drafts: team / workload / version, never through a link."""
    for team in _children(root):
        for workload in _children(team):
            yield from _children(workload)


def _children(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def _changed(folder: Path) -> datetime:
    return datetime.fromtimestamp(folder.stat().st_mtime, UTC)


def _drop(rows: "QuerySet[ForecastRecord] | QuerySet[ModelVersion]") -> None:
    """In batches, so that no statement holds the database for long."""
    while ids := list(rows.values_list("pk", flat=True)[:BATCH]):
        rows.model.objects.filter(pk__in=ids).delete()
