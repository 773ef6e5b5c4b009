"""What can go wrong while forecasting → one error tree.

ForecastingError
├── NotEnoughHistory   permanent until more samples arrive; the message says how many are missing
├── Mismatch           a predictor was asked for a step or a horizon it was not fitted for
├── BadSeries          the caller built an impossible series; a bug, not weather
└── BadArtifact        stored weights are missing, damaged or of another version; retrain
"""


class ForecastingError(Exception):
    """Root of everything this package raises on purpose."""


class NotEnoughHistory(ForecastingError):
    """The history is too short or too full of gaps for this estimator."""


class Mismatch(ForecastingError):
    """The predictor was fitted for another step or a shorter horizon."""


class BadSeries(ForecastingError):
    """Start, step and values do not make a regular series."""


class BadArtifact(ForecastingError):
    """The stored model cannot be trusted: wrong checksum, format or version."""
