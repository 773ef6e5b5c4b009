"""Registers the shared pieces and the start-up checks."""

from importlib import import_module

from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "controlplane.common"
    label = "common"
    verbose_name = "Shared"

    def ready(self) -> None:
        """Importing the checks registers them; by name, since they read finished settings."""
        import_module("controlplane.checks")
