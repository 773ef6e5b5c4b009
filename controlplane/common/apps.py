"""Registers the shared pieces and the start-up checks."""

from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "controlplane.common"
    label = "common"
    verbose_name = "Shared"
