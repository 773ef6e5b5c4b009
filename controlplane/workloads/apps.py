"""Workloads, their pools and the overrides people place on them."""

from django.apps import AppConfig


class WorkloadsConfig(AppConfig):
    name = "controlplane.workloads"
    label = "workloads"
    verbose_name = "Workloads"
