"""A trained network and the recent past → a forecast."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from forecasting.errors import NotEnoughHistory
from forecasting.features import VARIABILITY_WINDOW, unlogs, windows
from forecasting.forecast import QUANTILES, Forecast
from forecasting.models.lstm.network import AnchoredNetwork
from forecasting.seasonality import Profile
from forecasting.series import Series, Values

RECENT_PAST = 60
HIGHEST_RISE = 4.0  # log units above the last value: e^4 is 55-fold, beyond it a net is broken


@dataclass(frozen=True, slots=True)
class LstmPredictor:
    """Predicts `horizon` steps at most; `offsets` calibrate each quantile in units of the scale."""

    name: str
    network: AnchoredNetwork
    profile: Profile
    context: int
    horizon: int
    offsets: Values

    def predict(self, history: Series, *, horizon: int) -> Forecast:
        if horizon > self.horizon:
            raise NotEnoughHistory(f"trained for {self.horizon} steps, asked for {horizon}")
        if not (~history.tail(RECENT_PAST).missing).any():
            raise NotEnoughHistory(f"no value in the last {RECENT_PAST} steps")
        recent = history.tail(self.context + VARIABILITY_WINDOW + self.horizon)
        quantiles, anchor, scale = self.raw(recent, np.array([len(recent)]))
        change = (quantiles[0] + self.offsets[None, :]) * scale[0]
        values = unlogs(
            anchor[0] + np.minimum(np.sort(change, axis=1), HIGHEST_RISE), self.profile.unit
        )
        return Forecast(
            history.end,
            history.step,
            QUANTILES,
            values[:horizon],
            self.name,
        )

    def raw(self, series: Series, ends: NDArray[np.int64]) -> tuple[Values, Values, Values]:
        """Quantiles (n, horizon, q) in units of the scale, the anchors and the scales (n,)."""
        made = windows(series, self.profile, ends, context=self.context, horizon=self.horizon)
        with torch.inference_mode():
            said = self.network(torch.from_numpy(made.past), torch.from_numpy(made.future))
        return said.numpy().astype(np.float64), made.anchor, made.scale

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        config = {
            "name": self.name,
            "context": self.context,
            "horizon": self.horizon,
            "hidden": self.network.encoder.hidden_size,
            "seconds": self.profile.seconds,
            "unit": self.profile.unit,
            "quantiles": list(QUANTILES),
        }
        weights = {f"net.{key}": value.numpy() for key, value in self.network.state_dict().items()}
        return config, {**weights, "profile": self.profile.slots, "offsets": self.offsets}

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        if tuple(config["quantiles"]) != QUANTILES:
            raise ValueError("it was trained for other quantiles; train again")
        network = AnchoredNetwork(QUANTILES, hidden=int(config["hidden"]))
        network.load_state_dict(
            {
                key[4:]: torch.from_numpy(value.copy())
                for key, value in arrays.items()
                if key.startswith("net.")
            }
        )
        network.eval()
        profile = Profile(
            arrays["profile"].astype(np.float64), float(config["seconds"]), float(config["unit"])
        )
        return cls(
            config["name"],
            network,
            profile,
            int(config["context"]),
            int(config["horizon"]),
            arrays["offsets"].astype(np.float64),
        )
