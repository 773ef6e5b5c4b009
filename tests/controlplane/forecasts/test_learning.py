"""Days of demand → every estimator really trained, and the best of them heard every minute."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from controlplane.forecasts import refresh, train
from controlplane.workloads.models import Workload
from forecasting.forecast import QUANTILES
from tests.controlplane.forecasts.pasts import MINUTE, lived, wave

# torch and statsmodels are loaded, and a network is trained: seconds, not milliseconds.
pytestmark = pytest.mark.system


def test_noisy_daily_demand_is_learnt_stored_loaded_and_forecast(
    chat: Workload, noon: datetime, root: Path
) -> None:
    lived(chat, wave(4 * 1440, noise=0.2), until=noon)
    version = train.train(chat, now=noon)
    refresh._loaded.cache_clear()  # as another process would begin
    row = refresh.refresh(chat, now=noon)

    assert set(version.scores) == {"last-value", "seasonal-naive", "holt-winters", "anchored-lstm"}
    assert version.name in {"holt-winters", "anchored-lstm"}
    assert version.scores[version.name]["wql"] < 0.8 * version.scores["last-value"]["wql"]
    assert row is not None
    assert (row.version, row.model) == (version, version.name)
    assert row.quantiles == list(QUANTILES)
    # At noon the wave stands at 60 and rises by 6.5 within the half hour; the noise is a fifth.
    assert row.forecast.path(0.5).values[-1] == pytest.approx(66.5, rel=0.12)
    assert (row.forecast.at(noon + 29 * MINUTE, 0.95) or 0) > 75


def test_after_a_night_without_samples_nobody_speaks_until_they_come_again(
    chat: Workload, noon: datetime
) -> None:
    lived(chat, wave(3 * 1440), until=noon)
    train.train(chat, now=noon)
    morning = noon + timedelta(hours=12)

    assert train.train_due(now=morning) == 1  # learnt from the days before the night
    assert refresh.refresh_all(now=morning) == 0
    lived(chat, wave(5), until=morning + 5 * MINUTE)
    row = refresh.refresh(chat, now=morning + 5 * MINUTE)
    assert row is not None
    assert row.version == chat.model_versions.get(state="champion")
