"""Trials and the champion's loss on the same data → who serves from now on, with the reason."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from controlplane.common.ids import model_id
from controlplane.forecasts.models import ModelState, ModelVersion
from controlplane.workloads.models import Workload
from forecasting import artifacts
from forecasting.contest import Trial
from forecasting.selection import Choice, keeps_its_place
from forecasting.series import Series


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training found. `champion_loss` is None when there is none to be compared with."""

    trials: tuple[Trial, ...]
    choice: Choice
    champion_loss: float | None
    past: Series  # what was learnt from
    seed: int

    @property
    def winner(self) -> Trial:
        """The trial that was chosen."""
        return next(trial for trial in self.trials if trial.name == self.choice.name)


def settle(workload: Workload, outcome: Outcome, *, now: datetime) -> ModelVersion:
    """Store the winner and let it serve, or write it down as a challenger that did worse.

    The artifact is stored first and the row that names it after: a crash in between leaves a
    folder that nobody refers to, which retention removes.
    """
    held, found = outcome.champion_loss, outcome.winner.scores.wql
    if held is not None and keeps_its_place(held, found):
        reason = f"the champion does better on the same data: {held:.4f} against {found:.4f}"
        return _record(workload, outcome, _Fate(ModelState.CHALLENGER, reason), now=now)
    public_id = model_id()
    artifact = f"{workload.team_id}/{workload.pk}/{public_id}"
    extra = {"workload": workload.name, "history_end": outcome.past.end.isoformat()}
    checksum = artifacts.save(
        outcome.winner.predictor,
        settings.MODEL_DIR,
        artifact,
        extra={**extra, "seed": outcome.seed},
    )
    fate = _Fate(ModelState.CHAMPION, outcome.choice.reason, artifact, checksum, public_id)
    return _record(workload, outcome, fate, now=now)


@dataclass(frozen=True, slots=True)
class _Fate:
    """What becomes of the winner: its state, why, and where it lies if it is to serve."""

    state: ModelState
    reason: str
    artifact: str = ""
    checksum: str = ""
    public_id: str = ""


def _record(workload: Workload, outcome: Outcome, fate: _Fate, *, now: datetime) -> ModelVersion:
    winner, past = outcome.winner, outcome.past
    with transaction.atomic():
        Workload.objects.select_for_update().get(pk=workload.pk)  # one number, one champion
        versions = workload.model_versions
        if fate.state is ModelState.CHAMPION:
            versions.filter(state=ModelState.CHAMPION).update(state=ModelState.RETIRED)
        newest = versions.aggregate(number=Max("number"))["number"]
        return ModelVersion.objects.create(
            public_id=fate.public_id or model_id(),
            workload=workload,
            name=winner.name,
            number=1 + (newest or 0),
            state=fate.state,
            reason=fate.reason[:300],
            artifact=fate.artifact,
            checksum=fate.checksum,
            scores={trial.name: trial.scores.plain() for trial in outcome.trials},
            history_start=past.start,
            history_end=past.end,
            fit_seconds=round(winner.seconds, 3),
            trained_at=now,
        )
