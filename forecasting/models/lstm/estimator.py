"""A history → a trained anchored LSTM: pinball loss, early stopping, one seed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from forecasting.errors import NotEnoughHistory
from forecasting.features import View, Windows, logs, typical_change, unit_of, windows
from forecasting.forecast import QUANTILES
from forecasting.models.lstm.network import AnchoredNetwork, pinball
from forecasting.models.lstm.predictor import LstmPredictor
from forecasting.models.serving import spoken
from forecasting.seasonality import Habit, habit
from forecasting.series import Series
from forecasting.training import Patience, Split, split

LEAST_WINDOWS = 60  # to learn from, and a quarter as many to stop by
LEAST_BATCH = 32
STEPS_AN_EPOCH = 16  # at least: a short series must not end its training after a few steps
LONGEST_STEP = 1.0  # norm of a gradient

__all__ = ["AnchoredLstm", "LstmPredictor"]


@dataclass(frozen=True, slots=True)
class AnchoredLstm:
    """`context` steps are seen, `hidden` units remember; the rest is how long it may learn."""

    name: str = "anchored-lstm"
    context: int = 60
    hidden: int = 24
    most_windows: int = 4000
    epochs: int = 40
    patience: int = 6
    batch: int = 256
    rate: float = 4e-3

    def fit(self, history: Series, *, horizon: int, seed: int) -> LstmPredictor:
        """Learn from the history. Raises NotEnoughHistory."""
        seen, known = _seen(history, horizon)
        usable = spoken(seen.missing)
        parts = split(usable, context=self.context, horizon=horizon)
        if parts.learn.size < LEAST_WINDOWS or 4 * parts.stop.size < LEAST_WINDOWS:
            needed = max(2 * LEAST_WINDOWS + self.context + 2 * horizon, round(horizon / 0.12))
            raise NotEnoughHistory(
                f"{self.name} could speak after {int(usable.sum())} of {len(history)} steps,"
                f" about {needed} are needed"
            )
        chosen = parts.sampled(self.most_windows, np.random.default_rng(seed))
        network = self._network(seen, chosen, horizon, seed)
        return LstmPredictor(self.name, network, known.profile, seen.typical, self.context, horizon)

    def _network(self, seen: View, parts: Split, horizon: int, seed: int) -> AnchoredNetwork:
        learn, stop = (
            windows(seen, ends, context=self.context, horizon=horizon)
            for ends in (parts.learn, parts.stop)
        )
        with _alone(seed) as generator:
            network = AnchoredNetwork(QUANTILES, _base(learn), hidden=self.hidden)
            self._train(network, learn, stop, generator)
        return network.eval()

    def _train(
        self, network: AnchoredNetwork, learn: Windows, stop: Windows, generator: torch.Generator
    ) -> None:
        """Adam on shuffled batches until the later windows stop improving; the best is kept."""
        quantiles = torch.tensor(QUANTILES)
        optimizer = torch.optim.Adam(network.parameters(), lr=self.rate)
        past, future, target = _tensors(learn)
        batch = min(self.batch, max(LEAST_BATCH, len(past) // STEPS_AN_EPOCH))
        patience = Patience(self.patience)
        patience.better(_loss(network, stop, quantiles))  # a net must beat the untrained one
        best = _copy(network)
        for _epoch in range(self.epochs):
            network.train()
            for rows in torch.split(torch.randperm(len(past), generator=generator), batch):
                optimizer.zero_grad()
                loss = pinball(network(past[rows], future[rows]), target[rows], quantiles)
                loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
                torch.nn.utils.clip_grad_norm_(network.parameters(), LONGEST_STEP)
                optimizer.step()
            if patience.better(_loss(network, stop, quantiles)):
                best = _copy(network)
            if patience.stop:
                break
        network.load_state_dict(best)


def _seen(history: Series, horizon: int) -> tuple[View, Habit]:
    """The history with the habit of *other* days, as honest as the future will be."""
    known = habit(history, unit_of(history), beyond=horizon)
    carried, missing = logs(history, known.profile.unit)
    typical = typical_change(carried, missing, horizon)
    return View(carried, missing, known.others, typical), known


def _base(learn: Windows) -> Tensor:
    """Quantiles (horizon, q) of what the usual move leaves unexplained, in units of the scale.

    A step at which every window has a gap is as uncertain as the others together.
    """
    error: NDArray[np.float64] = (learn.target - learn.future[..., 0]).astype(np.float64)
    if not np.isfinite(error).any():
        raise NotEnoughHistory("no window has anything to be foretold")
    error[:, ~np.isfinite(error).any(axis=0)] = np.nanquantile(error, 0.5)
    spread = np.nanquantile(error, QUANTILES, axis=0).T
    return torch.from_numpy(spread.astype(np.float32))


def _tensors(made: Windows) -> tuple[Tensor, Tensor, Tensor]:
    return torch.from_numpy(made.past), torch.from_numpy(made.future), torch.from_numpy(made.target)


def _loss(network: AnchoredNetwork, made: Windows, quantiles: Tensor) -> float:
    past, future, target = _tensors(made)
    network.eval()
    with torch.inference_mode():
        return float(pinball(network(past, future), target, quantiles))


def _copy(network: AnchoredNetwork) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in network.state_dict().items()}


@contextmanager
def _alone(seed: int) -> Iterator[torch.Generator]:
    """Our own seed, and the state of before put back afterwards: the same history, the same net."""
    state = torch.get_rng_state()
    torch.manual_seed(seed)
    try:
        yield torch.Generator().manual_seed(seed)
    finally:
        torch.set_rng_state(state)
