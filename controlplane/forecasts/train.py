"""A workload's history → a trained champion on disk and as a row: the seam to `forecasting`."""

import time
from collections.abc import Callable
from datetime import datetime

import structlog
from django.conf import settings

from controlplane.common.errors import Conflict
from controlplane.common.heartbeats import beat
from controlplane.common.pulse import announce
from controlplane.forecasts import trainings
from controlplane.forecasts.history import HORIZON, TRAINING_SPAN, demand
from controlplane.forecasts.models import ModelState, ModelVersion
from controlplane.forecasts.promote import Outcome, settle
from controlplane.workloads.models import Workload
from forecasting import artifacts, models
from forecasting.backtest import evaluate
from forecasting.contest import Field, Refusal, Trial, compete, field
from forecasting.errors import ForecastingError, NotEnoughHistory
from forecasting.selection import Candidate, choose

log = structlog.get_logger(__name__)
ESTIMATORS = ("last-value", "seasonal-naive", "holt-winters", "anchored-lstm")
LEAST_STEPS = 6 * 60  # six hours: below that there is nothing to learn and nothing to score
SEED = 20260101
SHARE_OF_A_MINUTE = 40.0  # seconds: a tick trains on until then, and refreshes come in between

Report = Callable[[Trial | Refusal], None]


def train(
    workload: Workload,
    *,
    now: datetime,
    report: Report = lambda _one: None,
) -> ModelVersion:
    """Fit every estimator, score them on data none of them saw, and keep the best.

    The version that comes back serves from now on, unless the present champion did better on the
    same data: then it is a challenger, and its reason says so. `report` hears of each estimator.
    Raises NotEnoughHistory with the number of minutes that are needed, and Conflict when a
    training of this workload is running.
    """
    with trainings.lease(workload, now=now):
        ground = _ground(workload, now=now)
        trials = compete(
            [models.estimator(name) for name in ESTIMATORS],
            ground,
            horizon=HORIZON,
            seed=SEED,
            stopwatch=time.monotonic,
            report=report,
        )
        if not trials:
            raise NotEnoughHistory(
                f"too much is missing from {len(ground.history)} minutes of demand"
                " to learn from them and be scored on them"
            )
        choice = choose([Candidate(trial.name, trial.scores.wql) for trial in trials])
        version = settle(
            workload,
            Outcome(trials, choice, _champion_loss(workload, ground), ground.past, SEED),
            now=now,
        )
    announce("forecast", team=workload.team_id, ref=workload.name)
    log.info("train.done", workload=workload.name, model=str(version), state=version.state)
    return version


def train_due(*, now: datetime, stopwatch: Callable[[], float] = time.monotonic) -> int:
    """Train those whose time has come, until the share of a minute is used; how many succeeded.

    A workload that cannot be trained is set aside by its lease and never in another's way.
    """
    started, trained = stopwatch(), 0
    for workload in trainings.due(now=now):
        try:
            train(workload, now=now)
            trained += 1
        except NotEnoughHistory as error:
            log.info("train.waiting", workload=workload.name, reason=str(error))
        except Conflict as error:
            log.info("train.elsewhere", workload=workload.name, reason=str(error))
        except Exception:  # one workload's trouble is not the others'
            log.exception("train.failed", workload=workload.name)
        if stopwatch() - started > SHARE_OF_A_MINUTE:
            break
    beat("train", now=now)
    return trained


def _ground(workload: Workload, *, now: datetime) -> Field:
    history = demand(workload, span=TRAINING_SPAN, now=now)
    if len(history) < LEAST_STEPS:
        raise NotEnoughHistory(
            f"{workload.name} has {len(history)} minutes of {workload.spec.demand.signal},"
            f" {LEAST_STEPS} are needed"
        )
    return field(history)


def _champion_loss(workload: Workload, ground: Field) -> float | None:
    """The champion's loss on the held-out part; None when it saw some of it or cannot speak."""
    champion = workload.model_versions.filter(state=ModelState.CHAMPION).first()
    if champion is None or champion.history_end > ground.past.end:
        return None
    try:
        predictor = artifacts.load(
            settings.MODEL_DIR, champion.artifact, checksum=champion.checksum
        )
        scores = evaluate(predictor, ground.history, start=ground.unseen, horizon=HORIZON)
    except ForecastingError as error:
        log.warning("train.champion_silent", model=str(champion), reason=str(error))
        return None
    return scores.wql
