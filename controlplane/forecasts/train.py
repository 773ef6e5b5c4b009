"""A workload's history → a trained champion on disk and as a row: the seam to `forecasting`."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Max

from controlplane.common.heartbeats import beat
from controlplane.common.pulse import announce
from controlplane.forecasts.history import HORIZON, TRAINING_SPAN, demand
from controlplane.forecasts.models import ForecastRecord, ModelState, ModelVersion
from controlplane.workloads.models import Workload
from forecasting import artifacts, models
from forecasting.backtest import evaluate
from forecasting.errors import ForecastingError, NotEnoughHistory
from forecasting.interface import Predictor
from forecasting.selection import Candidate, choose
from forecasting.series import Series

log = structlog.get_logger(__name__)
ESTIMATORS = ("last-value", "seasonal-naive", "holt-winters", "anchored-lstm")
LEAST_STEPS = 6 * 60  # six hours: below that there is nothing to learn and nothing to score
HELD_OUT = 0.15  # the newest part of the history, never fitted on, that the scores come from
SEED = 20260101
RETRAIN_EVERY = timedelta(hours=6)
FORECASTS_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Trial:
    """One fitted predictor and how it did on the held-out part."""

    name: str
    predictor: Predictor
    scores: dict[str, Any]
    seconds: float


def train(workload: Workload, *, now: datetime) -> ModelVersion:
    """Fit every estimator, score them on data none of them saw, and keep the best.

    Raises NotEnoughHistory with the number of minutes that are missing.
    """
    history = demand(workload, span=TRAINING_SPAN, now=now)
    if len(history) < LEAST_STEPS:
        raise NotEnoughHistory(
            f"{workload.name} has {len(history)} minutes of demand, {LEAST_STEPS} are needed"
        )
    split = int(len(history) * (1 - HELD_OUT))
    past, unseen = history.tail(len(history)).cut(end=history.start + split * history.step), split
    trials = [trial for name in ESTIMATORS if (trial := _try(name, past, history, unseen))]
    if not trials:
        raise NotEnoughHistory(f"no estimator could learn from {len(history)} minutes")
    best = choose([Candidate(trial.name, trial.scores["wql"]) for trial in trials])
    winner = next(trial for trial in trials if trial.name == best.name)
    version = _keep(workload, winner, trials, best.reason, past=past, now=now)
    announce("forecast", team=workload.team_id, ref=workload.name)
    log.info("train.done", workload=workload.name, model=winner.name, number=version.number)
    return version


def _try(name: str, past: Series, history: Series, unseen: int) -> Trial | None:
    """Fit on the past, score on the rest; None when this estimator cannot learn from it."""
    started = time.monotonic()
    try:
        predictor = models.estimator(name).fit(past, horizon=HORIZON, seed=SEED)
        seconds = time.monotonic() - started
        scores = evaluate(predictor, history, start=unseen, horizon=HORIZON)
    except ForecastingError as error:
        log.info("train.skipped", model=name, reason=str(error))
        return None
    return Trial(name, predictor, scores.plain(), seconds)


def _keep(
    workload: Workload,
    winner: Trial,
    trials: list[Trial],
    reason: str,
    *,
    past: Series,
    now: datetime,
) -> ModelVersion:
    number = 1 + (workload.model_versions.aggregate(newest=Max("number"))["newest"] or 0)
    folder = f"{workload.team_id}/{workload.pk}/{winner.name}-v{number}"
    checksum = artifacts.save(
        winner.predictor,
        settings.MODEL_DIR / folder,
        extra={"workload": workload.name, "history_end": past.end.isoformat(), "seed": SEED},
    )
    with transaction.atomic():
        workload.model_versions.filter(state=ModelState.CHAMPION).update(state=ModelState.RETIRED)
        return ModelVersion.objects.create(
            workload=workload,
            name=winner.name,
            number=number,
            state=ModelState.CHAMPION,
            reason=reason[:300],
            artifact=folder,
            checksum=checksum,
            scores={trial.name: trial.scores for trial in trials},
            history_start=past.start,
            history_end=past.end,
            fit_seconds=round(winner.seconds, 3),
            trained_at=now,
        )


def due(*, now: datetime) -> list[Workload]:
    """Workloads without a model, or whose model is old."""
    fresh = ModelVersion.objects.filter(
        state=ModelState.CHAMPION, trained_at__gt=now - RETRAIN_EVERY
    ).values("workload")
    return list(Workload.objects.exclude(mode="off").exclude(pk__in=fresh).order_by("pk"))


def train_due(*, now: datetime) -> int:
    """Train the workload that has waited longest; how many were trained (0 or 1).

    One at a time, so that refreshes of other workloads are never far behind.
    """
    ForecastRecord.objects.filter(origin__lt=now - FORECASTS_FOR).delete()
    trained = 0
    for workload in due(now=now):
        try:
            train(workload, now=now)
            trained = 1
            break
        except NotEnoughHistory as error:
            log.info("train.waiting", workload=workload.name, reason=str(error))
    beat("train", now=now)
    return trained
