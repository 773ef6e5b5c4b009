"""Anchored windows → quantiles of the change at each step ahead, as a torch module."""

from torch import Tensor, cat, cumsum, nn
from torch.nn.functional import relu, softplus

PAST_CHANNELS = 3
FUTURE_CHANNELS = 3


class AnchoredNetwork(nn.Module):
    """Encoder LSTM over the past, a per-step head over its state and the expected future.

    The head says the median and non-negative distances between neighbouring quantiles, so they
    cannot cross. Its last layer starts at zero: an untrained network repeats the last value plus
    the profile's expected move with a plain spread.
    """

    def __init__(self, quantiles: tuple[float, ...], *, hidden: int) -> None:
        super().__init__()
        self.median_at = quantiles.index(0.5)
        self.encoder = nn.LSTM(PAST_CHANNELS, hidden, batch_first=True)
        self.mixer = nn.Linear(hidden + FUTURE_CHANNELS, hidden)
        self.head = nn.Linear(hidden, len(quantiles) + 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, past: Tensor, future: Tensor) -> Tensor:
        """(batch, context, 3), (batch, horizon, 3) → (batch, horizon, quantiles)."""
        _outputs, (state, _cell) = self.encoder(past)
        horizon = future.shape[1]
        context = state[-1].unsqueeze(1).expand(-1, horizon, -1)
        raw = self.head(relu(self.mixer(cat([context, future], dim=2))))
        # raw[..., 0] shifts the median, raw[..., 1] trusts the profile, the rest are distances.
        trust = raw[..., 1:2].sigmoid()
        median = raw[..., 0:1] + trust * future[..., 0:1]
        growth = future[..., 1:2].sqrt()
        gaps = softplus(raw[..., 2:] - 1.0) * growth
        below, above = gaps[..., : self.median_at], gaps[..., self.median_at :]
        lower = median - cumsum(below.flip(-1), dim=-1).flip(-1)
        upper = median + cumsum(above, dim=-1)
        return cat([lower, median, upper], dim=-1)


def pinball(predicted: Tensor, target: Tensor, quantiles: Tensor) -> Tensor:
    """Mean pinball loss over the steps whose target is known (not NaN)."""
    known = ~target.isnan()
    error = target.nan_to_num().unsqueeze(-1) - predicted
    loss = (quantiles * error).maximum((quantiles - 1) * error).mean(-1)
    return (loss * known).sum() / known.sum().clamp(min=1)
