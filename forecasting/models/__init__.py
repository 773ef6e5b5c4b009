"""A model's name → its estimator or a stored predictor, imported only when asked for."""

from importlib import import_module
from typing import Any

from forecasting.errors import BadArtifact, ForecastingError
from forecasting.interface import Estimator, Predictor

# Name → module, estimator class, predictor class. torch and statsmodels load with their module.
MODELS: dict[str, tuple[str, str, str]] = {
    "last-value": ("forecasting.models.naive", "LastValue", "NaivePredictor"),
    "seasonal-naive": ("forecasting.models.naive", "SeasonalNaive", "NaivePredictor"),
    "holt-winters": ("forecasting.models.holt_winters", "HoltWinters", "HoltWintersPredictor"),
    "anchored-lstm": ("forecasting.models.lstm.estimator", "AnchoredLstm", "LstmPredictor"),
}


def names() -> tuple[str, ...]:
    """Every model that can be asked for."""
    return tuple(MODELS)


def estimator(name: str, **settings: Any) -> Estimator:
    """An estimator with its defaults, or with these settings. Raises ForecastingError."""
    if name not in MODELS:
        raise ForecastingError(f"unknown model {name!r}; known: {', '.join(MODELS)}")
    module, estimator_class, _predictor = MODELS[name]
    made: Estimator = getattr(import_module(module), estimator_class)(**settings)
    return made


def restore(name: str, config: dict[str, Any], arrays: dict[str, Any]) -> Predictor:
    """A stored predictor from its settings and arrays. Raises BadArtifact for an unknown model."""
    if name not in MODELS:
        raise BadArtifact(f"nobody here knows the model {name!r}")
    module, _estimator, predictor_class = MODELS[name]
    made: Predictor = getattr(import_module(module), predictor_class).from_state(config, arrays)
    return made
