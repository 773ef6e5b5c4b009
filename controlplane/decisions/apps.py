"""The control loop; hears of fresh samples as soon as the process is up."""

from importlib import import_module

from django.apps import AppConfig


class DecisionsConfig(AppConfig):
    name = "controlplane.decisions"
    label = "decisions"
    verbose_name = "Decisions"

    def ready(self) -> None:
        """Subscribe to ingest; imported here because models load only after every app is known."""
        ingest = import_module("controlplane.metrics.ingest")
        listen = import_module("controlplane.decisions.listen")
        ingest.subscribe(listen.heard)
