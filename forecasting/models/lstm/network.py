"""Anchored windows → quantiles of the change at each step ahead, as a torch module."""

from torch import Tensor, cat, cumsum, nn, set_num_threads
from torch.nn.functional import relu

from forecasting.features import FUTURE_CHANNELS, PAST_CHANNELS

MOST_STRETCH = 3.0  # log: a network may make a distance 20 times larger or smaller, no more
LEAST_GAP = 1e-3  # in units of the scale: quantiles that fell together can be pulled apart again
TRUST = 2.0  # before training 88 % of the profile's expected move is believed

# These networks are so small that a second thread only waits for the first, at full speed; and
# sums in a fixed order make the same history the same network. Nothing else here uses torch.
set_num_threads(1)


class AnchoredNetwork(nn.Module):
    """Encoder LSTM over the past, a per-step head over its state and the expected future.

    `base` (horizon, quantiles) is what the errors of "the last value and the usual move" look
    like over all of the history. The head shifts their median and stretches the distances between
    neighbouring quantiles, which stay positive: they cannot cross. Its last layer starts at zero,
    so that an untrained network says exactly what `base` says.
    """

    base: Tensor

    def __init__(self, quantiles: tuple[float, ...], base: Tensor, *, hidden: int) -> None:
        super().__init__()
        self.median_at = quantiles.index(0.5)
        self.register_buffer("base", base)
        self.encoder = nn.LSTM(PAST_CHANNELS, hidden, batch_first=True)
        self.mixer = nn.Linear(hidden + FUTURE_CHANNELS, hidden)
        self.head = nn.Linear(hidden, len(quantiles) + 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, past: Tensor, future: Tensor) -> Tensor:
        """(batch, context, 3), (batch, horizon, 3) → (batch, horizon, quantiles)."""
        _outputs, (state, _cell) = self.encoder(past)
        context = state[-1].unsqueeze(1).expand(-1, future.shape[1], -1)
        raw = self.head(relu(self.mixer(cat([context, future], dim=2))))
        # raw[..., 0] shifts the median, raw[..., 1] trusts the profile, the rest are stretches.
        trust = (raw[..., 1:2] + TRUST).sigmoid()
        middle = self.base[:, self.median_at].unsqueeze(-1)
        median = middle + raw[..., 0:1] + trust * future[..., 0:1]
        stretch = raw[..., 2:].clamp(-MOST_STRETCH, MOST_STRETCH).exp()
        gaps = self.base.diff(dim=-1).clamp(min=LEAST_GAP) * stretch
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
