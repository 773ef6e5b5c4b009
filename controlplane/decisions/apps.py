"""The control loop; hears of fresh samples as soon as the process is up."""

from django.apps import AppConfig


class DecisionsConfig(AppConfig):
    name = "controlplane.decisions"
    label = "decisions"
    verbose_name = "Decisions"
