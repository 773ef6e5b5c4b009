"""A champion and the recent past → one forecast a minute, whatever happens to the champion."""

from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from controlplane.accounts.models import Team
from controlplane.common.heartbeats import heartbeats
from controlplane.forecasts import refresh, train, trainings
from controlplane.forecasts.history import HORIZON, demand
from controlplane.forecasts.models import ForecastRecord, ModelState, ModelVersion, Training
from controlplane.workloads.models import Workload
from forecasting.errors import BadSeries, NotEnoughHistory
from forecasting.forecast import QUANTILES
from forecasting.models.naive import NaivePredictor
from forecasting.series import Series
from tests.controlplane.forecasts.pasts import MINUTE, lived, wave
from tests.factories import make_workload


@pytest.fixture
def champion(quick: None, fresh: Workload, noon: datetime) -> ModelVersion:
    return train.train(fresh, now=noon)


def issued(row: Workload, *, now: datetime) -> ForecastRecord:
    made = refresh.refresh(row, now=now)
    assert made is not None
    return made


def test_without_a_champion_the_last_value_speaks(fresh: Workload, noon: datetime) -> None:
    row = issued(fresh, now=noon)

    assert (row.model, row.version, row.origin) == ("last-value", None, noon)
    assert (row.signal, row.step_seconds) == ("service.request.rate", 60.0)
    assert row.forecast.horizon == HORIZON
    assert row.forecast.at(noon, 0.5) == pytest.approx(wave(720)[-1], rel=0.1)


def test_a_champion_speaks_under_its_own_name(
    fresh: Workload, champion: ModelVersion, noon: datetime
) -> None:
    row = issued(fresh, now=noon)

    assert row.version == champion
    assert row.quantiles == list(QUANTILES)


def test_the_row_gives_back_the_forecast_that_was_issued(fresh: Workload, noon: datetime) -> None:
    made = issued(fresh, now=noon)
    again = ForecastRecord.objects.get(pk=made.pk).forecast

    assert again == made.forecast
    assert (np.diff(again.values, axis=1) >= 0).all()


def test_a_minute_has_one_forecast(fresh: Workload, noon: datetime) -> None:
    made = issued(fresh, now=noon + timedelta(seconds=7))

    assert made.origin == noon
    assert refresh.refresh(fresh, now=noon + timedelta(seconds=50)) is None
    assert ForecastRecord.objects.get() == made
    assert issued(fresh, now=noon + MINUTE).origin == noon + MINUTE


def test_of_two_workers_at_the_same_minute_one_writes(
    fresh: Workload, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict = refresh._predict

    def late(*args: object, **kwargs: object) -> object:
        with monkeypatch.context() as patch:
            patch.setattr(refresh, "_predict", predict)
            issued(fresh, now=noon)  # the other one
        return predict(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(refresh, "_predict", late)

    assert refresh.refresh(fresh, now=noon) is None
    assert ForecastRecord.objects.count() == 1


def test_a_second_forecast_of_an_origin_is_refused_by_the_database(
    fresh: Workload, noon: datetime
) -> None:
    made = issued(fresh, now=noon)
    columns = ForecastRecord.objects.filter(pk=made.pk).values().get()
    other = {**columns, "id": None, "public_id": "fct_other"}

    with transaction.atomic(), pytest.raises(IntegrityError):
        ForecastRecord.objects.create(**other)


def test_an_issued_forecast_cannot_be_changed(fresh: Workload, noon: datetime) -> None:
    made = issued(fresh, now=noon)
    made.model = "another"

    with pytest.raises(TypeError, match="never changed"):
        made.save()


def test_the_minute_that_is_still_running_is_not_looked_at(fresh: Workload, noon: datetime) -> None:
    lived(fresh, np.array([9e6]), until=noon + MINUTE)
    row = issued(fresh, now=noon + timedelta(seconds=45))

    assert max(row.values[0]) < 1e6


def test_a_broken_artifact_falls_back_retires_and_asks_for_a_new_one(
    fresh: Workload, champion: ModelVersion, noon: datetime, root: Path
) -> None:
    (root / champion.artifact / "weights.safetensors").write_bytes(b"damaged")
    later = noon + trainings.LEASE
    row = issued(fresh, now=later)
    champion.refresh_from_db()

    assert (row.model, row.version) == ("last-value", None)
    assert champion.state == ModelState.RETIRED
    assert champion.reason.startswith("retired: ")
    assert "damaged" in champion.reason
    assert list(trainings.due(now=later)) == [fresh]


def test_a_deleted_artifact_falls_back(
    fresh: Workload, champion: ModelVersion, noon: datetime, root: Path
) -> None:
    for file in (root / champion.artifact).iterdir():
        file.unlink()

    assert issued(fresh, now=noon).version is None


def test_an_artifact_name_that_leads_elsewhere_falls_back(
    fresh: Workload, champion: ModelVersion, noon: datetime
) -> None:
    ModelVersion.objects.update(artifact="../../etc")

    assert issued(fresh, now=noon).version is None


def test_a_champion_that_speaks_nonsense_falls_back_and_is_retired(
    fresh: Workload, champion: ModelVersion, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = NaivePredictor.predict
    calls = count()

    def mad(self: NaivePredictor, *args: object, **kwargs: object) -> object:
        if next(calls) == 0:
            raise BadSeries("quantiles cross")
        return honest(self, *args, **kwargs)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(NaivePredictor, "predict", mad)

    assert issued(fresh, now=noon).version is None
    champion.refresh_from_db()
    assert (champion.state, champion.reason) == ("retired", "retired: quantiles cross")


def test_a_champion_that_needs_more_past_is_silent_but_keeps_its_place(
    chat: Workload, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "ESTIMATORS", ("seasonal-naive",))
    lived(chat, np.tile(wave(1440, noise=0.0), 3), until=noon)
    version = train.train(chat, now=noon)
    later = noon + timedelta(hours=30)  # nothing came for more than a day, then an hour and a half
    lived(chat, wave(90), until=later)

    assert issued(chat, now=later).version is None
    version.refresh_from_db()
    assert version.state == ModelState.CHAMPION


def test_a_new_model_asked_for_early_waits_for_the_lease_to_pass(
    fresh: Workload, champion: ModelVersion, noon: datetime
) -> None:
    trainings.train_again(fresh, now=noon + MINUTE)

    assert Training.objects.get().due_at == noon + trainings.LEASE


def test_a_workload_whose_trainings_fail_is_not_hurried(fresh: Workload, noon: datetime) -> None:
    row = trainings._begin(fresh, now=noon)
    trainings.train_again(fresh, now=noon + MINUTE)

    assert Training.objects.get().due_at == row.due_at


def test_too_little_history_issues_nothing(chat: Workload, noon: datetime) -> None:
    lived(chat, wave(20), until=noon)

    with pytest.raises(NotEnoughHistory, match="20 of 20 steps present, 45 are needed"):
        refresh.refresh(chat, now=noon)
    assert not ForecastRecord.objects.exists()


def test_no_demand_at_all_issues_nothing(chat: Workload, noon: datetime) -> None:
    with pytest.raises(NotEnoughHistory):
        refresh.refresh(chat, now=noon)


def test_an_hour_of_silence_issues_nothing(fresh: Workload, noon: datetime) -> None:
    assert issued(fresh, now=noon + timedelta(minutes=55)).model == "last-value"
    with pytest.raises(NotEnoughHistory, match="last 60 steps"):
        refresh.refresh(fresh, now=noon + timedelta(minutes=70))


def test_everybody_gets_a_forecast_and_trouble_stays_with_its_owner(
    fresh: Workload, team_a: Team, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, minutes, mode in (
        ("broken", 101, "auto"), ("young", 10, "auto"), ("off", 100, "off"), ("good", 100, "auto"),
    ):  # fmt: skip
        lived(make_workload(team_a, now=noon, name=name, mode=mode), wave(minutes), until=noon)
    honest = refresh._predict

    def predict(champion: ModelVersion | None, history: Series, *, now: datetime) -> object:
        if len(history) == 101:
            raise MemoryError
        return honest(champion, history, now=now)

    monkeypatch.setattr(refresh, "_predict", predict)

    assert refresh.refresh_all(now=noon) == 2
    assert set(ForecastRecord.objects.values_list("workload__name", flat=True)) == {
        "chat-7b", "good"
    }  # fmt: skip
    assert heartbeats()["forecast"] == noon


def test_when_time_is_out_those_who_waited_longest_come_first_the_next_time(
    fresh: Workload, team_a: Team, noon: datetime
) -> None:
    for name in ("a", "b", "c"):
        lived(make_workload(team_a, now=noon, name=name), wave(100), until=noon)
    seconds = iter((0.0, 1.0, 70.0, 76.0))

    assert refresh.refresh_all(now=noon, stopwatch=lambda: next(seconds)) == 2
    early = set(ForecastRecord.objects.values_list("workload__name", flat=True))
    seconds = iter((0.0, 1.0, 70.0, 76.0))
    assert refresh.refresh_all(now=noon + MINUTE, stopwatch=lambda: next(seconds)) == 2
    late = set(
        ForecastRecord.objects.filter(origin__gt=noon).values_list("workload__name", flat=True)
    )

    assert early.isdisjoint(late)
    assert len(early | late) == 4


def test_demand_begins_where_it_was_first_seen(chat: Workload, noon: datetime) -> None:
    lived(chat, np.array([5.0, np.nan, 7.0]), until=noon)
    history = demand(chat, span=timedelta(hours=26), now=noon + timedelta(seconds=30))

    assert history.values.tolist()[0] == 5.0
    assert (history.start, history.end) == (noon - 3 * MINUTE, noon)
