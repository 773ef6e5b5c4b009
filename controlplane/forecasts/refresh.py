"""A champion and the recent past → a forecast row: the seam to `forecasting`."""

import time
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Max, QuerySet

from controlplane.common.heartbeats import beat
from controlplane.common.pulse import announce
from controlplane.forecasts import trainings
from controlplane.forecasts.history import HORIZON, RECENT_SPAN, STEP, demand
from controlplane.forecasts.models import ForecastRecord, ModelState, ModelVersion
from controlplane.workloads.models import Workload
from forecasting import artifacts, models
from forecasting.errors import ForecastingError, NotEnoughHistory
from forecasting.forecast import Forecast
from forecasting.interface import Predictor
from forecasting.series import Series, aligned

log = structlog.get_logger(__name__)
FALLBACK = "last-value"
BUDGET = 75.0  # seconds: below the task's limit, so that it ends by itself and tells what it did


def refresh(workload: Workload, *, now: datetime) -> ForecastRecord | None:
    """Issue one forecast; None when this minute's exists already.

    Raises NotEnoughHistory when there is too little even for the last value.
    """
    if workload.forecasts.filter(origin=aligned(now, STEP)).exists():
        return None
    history = demand(workload, span=RECENT_SPAN, now=now)
    champion = workload.model_versions.filter(state=ModelState.CHAMPION).first()
    version, forecast = _predict(champion, history, now=now)
    try:
        with transaction.atomic():
            row = ForecastRecord.objects.create(
                workload=workload,
                version=version,
                signal=workload.spec.demand.signal,
                model=forecast.model,
                origin=forecast.origin,
                step_seconds=forecast.step.total_seconds(),
                quantiles=list(forecast.quantiles),
                values=[[float(f"{value:.5g}") for value in row] for row in forecast.values],
                created_at=now,
            )
    except IntegrityError:
        return None  # another worker was faster
    announce("forecast", team=workload.team_id, ref=workload.name)
    return row


def refresh_all(*, now: datetime, stopwatch: Callable[[], float] = time.monotonic) -> int:
    """Every workload that is looked at, those first whose forecast is oldest; how many were issued.

    What does not fit into the budget is first in line the next time.
    """
    started, issued = stopwatch(), 0
    for workload in _waiting():
        if stopwatch() - started > BUDGET:
            log.warning("forecast.out_of_time", issued=issued)
            break
        try:
            issued += refresh(workload, now=now) is not None
        except NotEnoughHistory as error:
            log.info("forecast.skipped", workload=workload.name, reason=str(error))
        except Exception:  # one workload's trouble is not the others'
            log.exception("forecast.failed", workload=workload.name)
    beat("forecast", now=now)
    return issued


def _waiting() -> "QuerySet[Workload]":
    rows = Workload.objects.exclude(mode="off").annotate(newest=Max("forecasts__origin"))
    return rows.order_by(F("newest").asc(nulls_first=True), "pk")


def _predict(
    champion: ModelVersion | None, history: Series, *, now: datetime
) -> tuple[ModelVersion | None, Forecast]:
    """The champion's word, or the last value's when there is no champion to be trusted."""
    if champion is not None:
        try:
            return champion, load(champion).predict(history, horizon=HORIZON)
        except NotEnoughHistory as error:
            log.info("forecast.thin_history", model=str(champion), reason=str(error))
        except ForecastingError as error:
            _retire(champion, error, now=now)
    predictor = models.estimator(FALLBACK).fit(history, horizon=HORIZON, seed=0)
    return None, predictor.predict(history, horizon=HORIZON)


def _retire(champion: ModelVersion, error: ForecastingError, *, now: datetime) -> None:
    """A model that cannot be loaded, or speaks nonsense, is replaced as soon as possible."""
    log.warning("forecast.bad_model", model=str(champion), reason=str(error))
    ModelVersion.objects.filter(pk=champion.pk).update(
        state=ModelState.RETIRED, reason=f"retired: {error}"[:300]
    )
    trainings.train_again(champion.workload, now=now)


def load(version: ModelVersion) -> Predictor:
    """The predictor of a version, kept in memory. Raises BadArtifact."""
    return _loaded(settings.MODEL_DIR, version.artifact, version.checksum)


@lru_cache(maxsize=256)
def _loaded(root: Path, artifact: str, checksum: str) -> Predictor:
    return artifacts.load(root, artifact, checksum=checksum)
