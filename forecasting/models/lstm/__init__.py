"""An LSTM that predicts changes from the last value, with quantiles that cannot cross."""
