"""A trained network and the recent past → a forecast."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from forecasting.errors import BadSeries
from forecasting.features import VARIABILITY_WINDOW, unlogs, view, windows
from forecasting.forecast import QUANTILES, Forecast
from forecasting.models.lstm.network import AnchoredNetwork
from forecasting.models.serving import require
from forecasting.seasonality import Profile
from forecasting.series import Series

HIGHEST_RISE = 4.0  # log units above the last value: e^4 is 55-fold, beyond it a net is broken


@dataclass(frozen=True, slots=True)
class LstmPredictor:
    """Predicts `horizon` steps at most, from `context` steps and how variable they were."""

    name: str
    network: AnchoredNetwork
    profile: Profile
    typical: float
    context: int
    horizon: int

    def predict(self, history: Series, *, horizon: int) -> Forecast:
        """Raises BadSeries when the network says something that is not a number."""
        require(history, horizon=horizon, fitted=(self.profile.seconds, self.horizon))
        recent = history.tail(self.context + VARIABILITY_WINDOW + self.horizon)
        seen = view(recent, self.profile, beyond=self.horizon, typical=self.typical)
        made = windows(seen, np.array([len(recent)]), context=self.context, horizon=self.horizon)
        with torch.inference_mode():
            said = self.network(torch.from_numpy(made.past), torch.from_numpy(made.future))
        change = said[0, :horizon].numpy().astype(np.float64) * made.scale[0]
        if not np.isfinite(change).all():
            raise BadSeries(f"{self.name} says something that is not a number")
        values = unlogs(made.anchor[0] + np.minimum(change, HIGHEST_RISE), self.profile.unit)
        ordered = np.maximum.accumulate(values, axis=1)  # float32 rounding, nothing more
        return Forecast(history.end, history.step, QUANTILES, ordered, self.name)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What `from_state` needs."""
        config = {
            "name": self.name,
            "context": self.context,
            "horizon": self.horizon,
            "hidden": self.network.encoder.hidden_size,
            "profile": self.profile.config(),
            "typical": self.typical,
            "quantiles": list(QUANTILES),
        }
        weights = {f"net.{key}": value.numpy() for key, value in self.network.state_dict().items()}
        return config, {**weights, "profile": self.profile.slots}

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """The same predictor again. Raises ValueError when it was made for other quantiles."""
        if tuple(config["quantiles"]) != QUANTILES:
            raise ValueError("it was trained for other quantiles; train again")
        horizon = int(config["horizon"])
        network = AnchoredNetwork(
            QUANTILES, torch.zeros(horizon, len(QUANTILES)), hidden=int(config["hidden"])
        )
        weights = {
            key.removeprefix("net."): torch.from_numpy(value.copy())
            for key, value in arrays.items()
            if key.startswith("net.")
        }
        network.load_state_dict(weights)
        return cls(
            config["name"],
            network.eval(),
            Profile.restored(config["profile"], arrays["profile"]),
            float(config["typical"]),
            int(config["context"]),
            horizon,
        )
