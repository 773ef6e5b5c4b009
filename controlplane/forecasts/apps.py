"""Model versions and issued forecasts."""

from django.apps import AppConfig


class ForecastsConfig(AppConfig):
    name = "controlplane.forecasts"
    label = "forecasts"
    verbose_name = "Forecasts"
