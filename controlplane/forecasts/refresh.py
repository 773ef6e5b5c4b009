"""A champion and the recent past → a forecast row: the seam to `forecasting`."""

from datetime import datetime
from functools import lru_cache

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction

from controlplane.common.heartbeats import beat
from controlplane.common.pulse import announce
from controlplane.forecasts.history import HORIZON, RECENT_SPAN, demand
from controlplane.forecasts.models import ForecastRecord, ModelState, ModelVersion
from controlplane.workloads.models import Workload
from forecasting import artifacts, models
from forecasting.errors import BadArtifact, ForecastingError, NotEnoughHistory
from forecasting.forecast import Forecast
from forecasting.interface import Predictor
from forecasting.series import Series

log = structlog.get_logger(__name__)
FALLBACK = "last-value"
LEAST_STEPS = 45  # minutes of demand before even the last value has a spread


def refresh(workload: Workload, *, now: datetime) -> ForecastRecord | None:
    """Issue one forecast; None when it was issued already or there is too little history."""
    history = demand(workload, span=RECENT_SPAN, now=now)
    if len(history) < LEAST_STEPS:
        return None
    champion = workload.model_versions.filter(state=ModelState.CHAMPION).first()
    version, forecast = _predict(champion, history)
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
        return None  # this minute's forecast exists
    announce("forecast", team=workload.team_id, ref=workload.name)
    return row


def _predict(
    champion: ModelVersion | None, history: Series
) -> tuple[ModelVersion | None, Forecast]:
    """The champion's word, or the last value's when there is no champion to be trusted."""
    if champion is not None:
        try:
            return champion, load(champion).predict(history, horizon=HORIZON)
        except BadArtifact as error:
            log.warning("forecast.bad_artifact", model=str(champion), reason=str(error))
            ModelVersion.objects.filter(pk=champion.pk).update(
                state=ModelState.RETIRED, reason=str(error)[:300]
            )
        except NotEnoughHistory as error:
            log.info("forecast.thin_history", model=str(champion), reason=str(error))
    predictor = models.estimator(FALLBACK).fit(history, horizon=HORIZON, seed=0)
    return None, predictor.predict(history, horizon=HORIZON)


def load(version: ModelVersion) -> Predictor:
    """The predictor of a version, kept in memory. Raises BadArtifact."""
    return _loaded(version.artifact, version.checksum)


@lru_cache(maxsize=256)
def _loaded(artifact: str, checksum: str) -> Predictor:
    return artifacts.load(settings.MODEL_DIR / artifact, checksum=checksum)


def refresh_all(*, now: datetime) -> int:
    """Every workload that is looked at; how many forecasts were issued."""
    issued = 0
    for workload in Workload.objects.exclude(mode="off"):
        try:
            issued += refresh(workload, now=now) is not None
        except ForecastingError as error:
            log.info("forecast.skipped", workload=workload.name, reason=str(error))
        except Exception:
            log.exception("forecast.failed", workload=workload.name)
    beat("forecast", now=now)
    return issued
