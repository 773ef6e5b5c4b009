"""A workload's history → a champion, a challenger, or the reason why there is neither."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from controlplane.accounts.models import Team
from controlplane.common.heartbeats import heartbeats
from controlplane.forecasts import promote, train, trainings
from controlplane.forecasts.models import ModelState, ModelVersion, Training
from controlplane.workloads.models import Workload
from forecasting import artifacts
from forecasting.contest import Refusal, Trial
from forecasting.errors import NotEnoughHistory
from tests.controlplane.forecasts.conftest import QUICK
from tests.controlplane.forecasts.pasts import MINUTE, lived, wave
from tests.factories import make_workload

pytestmark = pytest.mark.usefixtures("quick")
LEASE = trainings.LEASE


def trained(row: Workload, *, now: datetime) -> ModelVersion:
    return train.train(row, now=now)


def states(row: Workload) -> list[tuple[int, str]]:
    return list(row.model_versions.order_by("number").values_list("number", "state"))


def test_the_first_training_makes_a_champion_with_scores_and_a_reason(
    fresh: Workload, noon: datetime, root: Path
) -> None:
    version = trained(fresh, now=noon)

    assert (version.name, version.number, version.state) == ("last-value", 1, "champion")
    assert version.reason == "no other model could learn from this history yet"
    assert set(version.scores) == {"last-value"}
    assert 0 < version.scores["last-value"]["wql"] < 1
    assert version.history_end == noon - timedelta(hours=3)  # the rest it was scored on
    assert artifacts.load(root, version.artifact, checksum=version.checksum).name == "last-value"


def test_yesterdays_habit_wins_where_there_is_one(chat: Workload, noon: datetime) -> None:
    levels = np.random.default_rng(1).uniform(20, 200, 48)  # another one every half hour
    lived(chat, np.tile(np.repeat(levels, 30), 3), until=noon)
    version = trained(chat, now=noon)

    assert version.name == "seasonal-naive"
    assert version.reason.endswith("less loss than the last value")
    assert set(version.scores) == set(QUICK)


def test_under_six_hours_there_is_nothing_to_learn_and_the_message_counts(
    chat: Workload, noon: datetime
) -> None:
    lived(chat, wave(200), until=noon)

    with pytest.raises(NotEnoughHistory, match=r"chat-7b has 200 minutes of .*, 360 are needed"):
        trained(chat, now=noon)
    assert states(chat) == []


def test_six_hours_of_silence_teach_nobody(chat: Workload, noon: datetime) -> None:
    values = np.full(500, np.nan)
    values[:5] = values[-5:] = 5.0
    lived(chat, values, until=noon)

    with pytest.raises(NotEnoughHistory, match="too much is missing from 500 minutes"):
        trained(chat, now=noon)


def test_a_later_training_replaces_the_champion(
    fresh: Workload, noon: datetime, root: Path
) -> None:
    first = trained(fresh, now=noon)
    lived(fresh, wave(360, seed=4), until=noon + 360 * MINUTE)
    second = trained(fresh, now=noon + 360 * MINUTE)

    assert states(fresh) == [(1, "retired"), (2, "champion")]
    assert first.artifact != second.artifact
    assert (root / first.artifact).is_dir()  # whoever is reading it may finish; retention cleans up


def test_a_champion_that_does_better_on_the_same_data_stays(
    fresh: Workload, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    champion = trained(fresh, now=noon)
    monkeypatch.setattr(train, "_champion_loss", lambda *_args: 0.001)
    challenger = trained(fresh, now=noon + LEASE)

    assert states(fresh) == [(1, "champion"), (2, "challenger")]
    assert challenger.reason.startswith("the champion does better on the same data: 0.0010 against")
    assert (challenger.artifact, challenger.checksum) == ("", "")
    assert fresh.model_versions.get(state=ModelState.CHAMPION) == champion


def test_the_champion_is_held_against_data_that_it_never_saw(
    fresh: Workload, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[float | None] = []
    settle = promote.settle

    def listen(row: Workload, outcome: promote.Outcome, *, now: datetime) -> ModelVersion:
        heard.append(outcome.champion_loss)
        return settle(row, outcome, now=now)

    monkeypatch.setattr(train, "settle", listen)
    first = trained(fresh, now=noon)
    trained(fresh, now=noon + LEASE)
    ModelVersion.objects.filter(number=2).update(history_end=noon + timedelta(days=1))
    trained(fresh, now=noon + 2 * LEASE)

    assert heard[0] is None  # there was none
    assert heard[1] == pytest.approx(first.scores["last-value"]["wql"], rel=0.2)
    assert heard[2] is None  # it saw what it would be judged by


def test_a_champion_whose_artifact_is_gone_gives_way(
    fresh: Workload, noon: datetime, root: Path
) -> None:
    first = trained(fresh, now=noon)
    (root / first.artifact / "manifest.json").unlink()
    trained(fresh, now=noon + LEASE)

    assert states(fresh) == [(1, "retired"), (2, "champion")]


def test_a_training_that_fails_leaves_the_champion_alone(
    fresh: Workload, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    champion = trained(fresh, now=noon)

    def full(*_args: object, **_kwargs: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(artifacts, "save", full)
    with pytest.raises(OSError, match="No space left"):
        trained(fresh, now=noon + LEASE)

    assert fresh.model_versions.get() == champion
    assert champion.state == ModelState.CHAMPION


def test_a_folder_left_by_a_crash_is_in_nobodys_way(
    fresh: Workload, noon: datetime, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    def crash(*_args: object, **_kwargs: object) -> ModelVersion:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(promote, "_record", crash)
        with pytest.raises(KeyboardInterrupt):
            trained(fresh, now=noon)
    version = trained(fresh, now=noon + LEASE)

    assert version.number == 1
    assert len(list((root / str(fresh.team_id) / str(fresh.pk)).iterdir())) == 2


def test_every_estimator_is_told_about_as_it_is_done(fresh: Workload, noon: datetime) -> None:
    told: list[Trial | Refusal] = []
    train.train(fresh, now=noon, report=told.append)

    assert [(type(one).__name__, one.name) for one in told] == [
        ("Trial", "last-value"),
        ("Refusal", "seasonal-naive"),
    ]


def test_what_is_due_is_trained_and_not_again_before_its_time(
    fresh: Workload, noon: datetime
) -> None:
    assert train.train_due(now=noon) == 1
    assert train.train_due(now=noon + MINUTE) == 0
    lived(fresh, wave(360), until=noon + trainings.RETRAIN_EVERY)
    assert train.train_due(now=noon + trainings.RETRAIN_EVERY - MINUTE) == 0
    assert train.train_due(now=noon + trainings.RETRAIN_EVERY) == 1
    assert heartbeats()["train"] == noon + trainings.RETRAIN_EVERY


def test_one_workloads_trouble_is_not_in_the_others_way(
    fresh: Workload, team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [make_workload(team_a, now=noon, name=name) for name in ("broken", "young", "good")]
    for row in others:
        lived(row, wave(100 if row.name == "young" else 720), until=noon)
    honest = train._ground

    def ground(row: Workload, *, now: datetime) -> object:
        if row.name == "broken":
            raise MemoryError("too much")
        return honest(row, now=now)

    monkeypatch.setattr(train, "_ground", ground)

    assert train.train_due(now=noon) == 2
    broken, young = (Training.objects.get(workload__name=name) for name in ("broken", "young"))
    assert (broken.failures, broken.trouble) == (1, "MemoryError: too much")
    assert (young.failures, young.due_at) == (0, noon + LEASE)
    assert "100 minutes" in young.trouble


def test_a_tick_ends_when_its_share_of_the_minute_is_used(
    fresh: Workload, team_a: Team, noon: datetime
) -> None:
    for name in ("second", "third"):
        lived(make_workload(team_a, now=noon, name=name), wave(720), until=noon)
    seconds = iter((0.0, 30.0, 41.0))

    assert train.train_due(now=noon, stopwatch=lambda: next(seconds)) == 2
    assert train.train_due(now=noon + MINUTE) == 1  # the third comes first now


def test_a_workload_that_is_switched_off_is_not_trained(fresh: Workload, noon: datetime) -> None:
    Workload.objects.update(mode="off")

    assert train.train_due(now=noon) == 0


def test_a_workload_that_goes_takes_its_training_along(fresh: Workload, noon: datetime) -> None:
    trained(fresh, now=noon)
    fresh.delete()

    assert not Training.objects.exists()
    assert not ModelVersion.objects.exists()
