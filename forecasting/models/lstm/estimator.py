"""A history → a trained anchored LSTM: pinball loss, early stopping, one thread, one seed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from forecasting.errors import NotEnoughHistory
from forecasting.features import Windows, unit_of, windows
from forecasting.forecast import QUANTILES
from forecasting.models.lstm.network import AnchoredNetwork, pinball
from forecasting.models.lstm.predictor import LstmPredictor
from forecasting.seasonality import day_profile
from forecasting.series import Series, Values
from forecasting.training import Patience, Split, split

LEAST_WINDOWS = 60

__all__ = ["AnchoredLstm", "LstmPredictor"]


@dataclass(frozen=True, slots=True)
class AnchoredLstm:
    """Settings that suit one-minute demand; `context` steps are seen, `hidden` units remember."""

    name: str = "anchored-lstm"
    context: int = 60
    hidden: int = 24
    most_windows: int = 4000
    epochs: int = 30
    patience: int = 4
    batch: int = 256
    rate: float = 4e-3

    def fit(self, history: Series, *, horizon: int, seed: int) -> LstmPredictor:
        parts = split(
            len(history), context=self.context, horizon=horizon, most=self.most_windows, seed=seed
        )
        present = int((~history.missing).sum())
        if min(parts.learn.size, 4 * parts.stop.size) < LEAST_WINDOWS or present < LEAST_WINDOWS:
            needed = self.context + 8 * horizon + 2 * LEAST_WINDOWS
            raise NotEnoughHistory(
                f"{self.name} has {present} of {len(history)} steps present,"
                f" about {needed} are needed"
            )
        with _alone(seed) as generator:
            return self._fit(history, parts, horizon, generator)

    def _fit(
        self, history: Series, parts: Split, horizon: int, generator: torch.Generator
    ) -> LstmPredictor:
        border = history.start + int(parts.stop[0]) * history.step
        past = history.cut(end=border)
        profile = day_profile(past, unit_of(past))
        learn, stop = (
            windows(history, profile, ends, context=self.context, horizon=horizon)
            for ends in (parts.learn, parts.stop)
        )
        network = AnchoredNetwork(QUANTILES, hidden=self.hidden)
        self._train(network, learn, stop, generator)
        network.eval()
        offsets = _offsets(network, stop)
        return LstmPredictor(self.name, network, profile, self.context, horizon, offsets)

    def _train(
        self, network: AnchoredNetwork, learn: Windows, stop: Windows, generator: torch.Generator
    ) -> None:
        """Adam on shuffled batches until the later windows stop improving; the best is kept."""
        quantiles = torch.tensor(QUANTILES)
        optimizer = torch.optim.Adam(network.parameters(), lr=self.rate)
        past, future, target = _tensors(learn)
        patience = Patience(self.patience)
        best = _copy(network)
        for _epoch in range(self.epochs):
            network.train()
            for rows in torch.split(torch.randperm(len(past), generator=generator), self.batch):
                optimizer.zero_grad()
                loss = pinball(network(past[rows], future[rows]), target[rows], quantiles)
                loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()
            if patience.better(_loss(network, stop, quantiles)):
                best = _copy(network)
            if patience.stop:
                break
        network.load_state_dict(best)


def _tensors(made: Windows) -> tuple[Tensor, Tensor, Tensor]:
    return torch.from_numpy(made.past), torch.from_numpy(made.future), torch.from_numpy(made.target)


def _loss(network: AnchoredNetwork, made: Windows, quantiles: Tensor) -> float:
    past, future, target = _tensors(made)
    network.eval()
    with torch.inference_mode():
        return float(pinball(network(past, future), target, quantiles))


def _offsets(network: AnchoredNetwork, made: Windows) -> Values:
    """What to add to each quantile so that it covers its share of the stopping windows.

    A split-conformal correction, halved: the stopping windows are few and already chose the epoch.
    """
    past, future, target = _tensors(made)
    with torch.inference_mode():
        error = (target.unsqueeze(-1) - network(past, future)).numpy()
    known = error[~np.isnan(error[..., 0])]
    if not len(known):
        return np.zeros(len(QUANTILES))
    return np.array(
        [0.5 * float(np.quantile(known[:, column], q)) for column, q in enumerate(QUANTILES)]
    )


def _copy(network: AnchoredNetwork) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in network.state_dict().items()}


@contextmanager
def _alone(seed: int) -> Iterator[torch.Generator]:
    """One thread and our own seed, both put back afterwards: the same history, the same net."""
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    try:
        yield torch.Generator().manual_seed(seed)
    finally:
        torch.set_num_threads(threads)
        torch.set_rng_state(state)
