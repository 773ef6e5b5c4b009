"""The anchored LSTM: quantiles in order, learning that stops, and its safety nets."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from forecasting import models
from forecasting.backtest import evaluate
from forecasting.errors import BadArtifact, BadSeries, NotEnoughHistory
from forecasting.features import FUTURE_CHANNELS, PAST_CHANNELS
from forecasting.forecast import QUANTILES
from tests.forecasting.shapes import MINUTE, TEN, daily, series, wave, with_gaps

# Loading torch takes longer than all quick tests together.
pytestmark = pytest.mark.system
HORIZON = 6
TINY: dict[str, Any] = {"hidden": 8, "epochs": 2, "most_windows": 200}


def tiny(**settings: Any) -> Any:
    return models.estimator("anchored-lstm", **(TINY | settings))


def network(seed: int, *, base: Any = None) -> Any:
    import torch

    from forecasting.models.lstm.network import AnchoredNetwork

    torch.manual_seed(seed)
    start = torch.zeros(HORIZON, len(QUANTILES)) if base is None else torch.as_tensor(base)
    return AnchoredNetwork(QUANTILES, start.float(), hidden=8)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_weights_quantiles_do_not_cross(seed: int) -> None:
    import torch

    net = network(seed)
    for each in net.parameters():
        torch.nn.init.normal_(each, std=3.0)
    past = torch.randn(16, 60, PAST_CHANNELS) * 10
    said = net(past, torch.randn(16, HORIZON, FUTURE_CHANNELS) * 10)

    assert bool((said.diff(dim=-1) >= 0).all())
    assert bool(said.isfinite().all())


def test_an_untrained_network_says_what_the_history_says() -> None:
    import torch

    base = np.sort(np.random.default_rng(1).normal(size=(HORIZON, len(QUANTILES))), axis=1)
    said = network(1, base=base)(
        torch.randn(4, 60, PAST_CHANNELS), torch.zeros(4, HORIZON, FUTURE_CHANNELS)
    )

    assert said.detach().numpy() == pytest.approx(np.broadcast_to(base, said.shape), abs=0.01)


def test_the_loss_is_the_pinball_of_what_is_known() -> None:
    import torch

    from forecasting.models.lstm.network import pinball

    said = torch.tensor([[[1.0, 3.0], [5.0, 9.0]]])
    target = torch.tensor([[2.0, float("nan")]])
    loss = pinball(said, target, torch.tensor([0.5, 0.9]))

    assert float(loss) == pytest.approx((0.5 * 1 + 0.1 * 1) / 2)


def test_a_batch_without_any_known_target_costs_nothing() -> None:
    import torch

    from forecasting.models.lstm.network import pinball

    loss = pinball(torch.ones(1, 2, 1), torch.full((1, 2), float("nan")), torch.tensor([0.5]))

    assert float(loss) == 0.0


def test_training_leaves_torchs_own_seed_as_it_was() -> None:
    import torch

    state = torch.get_rng_state()
    tiny().fit(daily(5), horizon=HORIZON, seed=3)

    assert torch.equal(torch.get_rng_state(), state)


def test_one_thread_does_all_the_work() -> None:
    import torch

    tiny().fit(daily(5), horizon=HORIZON, seed=3)

    assert torch.get_num_threads() == 1


def test_another_seed_trains_another_network() -> None:
    said = [
        tiny().fit(daily(5), horizon=HORIZON, seed=seed).predict(daily(5), horizon=HORIZON)
        for seed in (1, 2)
    ]

    assert said[0] != said[1]
    assert said[0].path(0.5).values == pytest.approx(said[1].path(0.5).values, rel=0.2)


def test_it_beats_the_last_value_on_noisy_daily_demand() -> None:
    history, start = daily(10, noise=0.15), 7 * 144
    past = history.cut(end=history.start + start * history.step)
    scores = {
        name: evaluate(
            models.estimator(name).fit(past, horizon=HORIZON, seed=0),
            history,
            start=start,
            horizon=HORIZON,
        )
        for name in ("last-value", "anchored-lstm")
    }

    assert scores["anchored-lstm"].wql < 0.8 * scores["last-value"].wql
    assert 0.9 < scores["anchored-lstm"].coverage_95 < 0.99


@pytest.fixture
def worsening(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every look at the later windows finds a larger loss; the losses that were told."""
    from forecasting.models.lstm import estimator

    told: list[float] = []

    def loss(*_args: object) -> float:
        told.append(1.0 + len(told))
        return told[-1]

    monkeypatch.setattr(estimator, "_loss", loss)
    return told


def test_training_stops_when_nothing_gets_better(worsening: list[float]) -> None:
    tiny(epochs=40, patience=3).fit(daily(5), horizon=HORIZON, seed=1)

    assert len(worsening) == 1 + 3  # before the first epoch, and three that were worse


@pytest.mark.usefixtures("worsening")
def test_a_network_that_only_got_worse_is_put_back() -> None:
    _config, arrays = tiny(patience=2).fit(daily(5), horizon=HORIZON, seed=1).state()

    assert not arrays["net.head.weight"].any()  # as it began


def test_gaps_in_the_future_teach_nothing() -> None:
    whole = daily(5)
    torn = with_gaps(whole, (100, 130), (300, 302), (500, 560))
    predictor = tiny().fit(torn, horizon=HORIZON, seed=1)

    assert np.isfinite(predictor.predict(torn, horizon=HORIZON).values).all()


def test_a_step_whose_future_is_always_missing_is_as_uncertain_as_the_others() -> None:
    values = daily(5).values.copy()
    values[HORIZON::2] = np.nan
    history = series(values, step=TEN)
    forecast = tiny().fit(history, horizon=HORIZON, seed=1).predict(history, horizon=HORIZON)

    assert (forecast.values[:, -1] > forecast.values[:, 0]).all()


def test_weights_that_are_no_numbers_speak_no_forecast() -> None:
    import torch

    predictor = tiny().fit(daily(5), horizon=HORIZON, seed=1)
    broken = network(1)
    torch.nn.init.constant_(broken.head.bias, float("nan"))

    with pytest.raises(BadSeries, match="not a number"):
        replace(predictor, network=broken).predict(daily(5), horizon=HORIZON)


def test_a_network_gone_wild_is_held_at_a_55_fold_rise() -> None:
    import torch

    predictor = tiny().fit(daily(5), horizon=HORIZON, seed=1)
    wild = network(1)
    torch.nn.init.constant_(wild.head.bias, 1e6)
    forecast = replace(predictor, network=wild).predict(daily(5), horizon=HORIZON)
    unit = predictor.profile.unit

    highest = (daily(5).values[-1] + unit) * np.exp(4.0) - unit
    assert forecast.values.max() == pytest.approx(highest, rel=1e-3)


def test_stored_quantiles_must_be_ours() -> None:
    config, arrays = tiny().fit(daily(5), horizon=HORIZON, seed=1).state()

    with pytest.raises(ValueError, match="train again"):
        models.restore("anchored-lstm", config | {"quantiles": [0.5]}, arrays)


def test_weights_of_another_shape_are_refused() -> None:
    config, arrays = tiny().fit(daily(5), horizon=HORIZON, seed=1).state()

    with pytest.raises(RuntimeError, match="size mismatch"):
        models.restore("anchored-lstm", config | {"hidden": 16}, arrays)


def test_a_model_that_nobody_knows_is_a_bad_artifact() -> None:
    with pytest.raises(BadArtifact, match="oracle"):
        models.restore("oracle", {}, {})


def test_too_few_windows_say_how_many_steps_are_needed() -> None:
    with pytest.raises(NotEnoughHistory, match=r"speak after 90 of 90 steps, about 192 are needed"):
        tiny().fit(daily(5).tail(90), horizon=HORIZON, seed=1)


def test_a_week_of_minutes_is_learnt_from_a_sample_of_its_windows() -> None:
    history = series(np.tile(wave(1, step=MINUTE), 7))
    predictor = tiny().fit(history, horizon=30, seed=1)

    said = predictor.predict(history, horizon=30).path(0.5).values
    assert said == pytest.approx(history.values[:30], rel=0.1)
