"""Rows for tests: a workload document and the workload it makes."""

from copy import deepcopy
from datetime import datetime
from functools import cache
from typing import Any

import yaml

from controlplane.accounts.models import Team
from controlplane.workloads.models import Workload
from controlplane.workloads.parse import validate
from controlplane.workloads.services import save_document

CHAT = """
apiVersion: tidewise/v1
kind: Workload
metadata: {name: chat-7b, team: team-a, labels: {model: chat-7b}}
spec:
  slo: {signal: experience.e2e, quantile: 0.95, target: 200ms, objective: 99.9%}
  demand: {signal: service.request.rate}
  capacity: {per_replica: 12, slots: 8, service_time: 100ms, timeout: 10s}
  replicas: {min: 1, max: 40}
  pools:
    - name: private-a100
      target: {kind: simulated, name: chat-7b}
      accelerator: A100
      price: {amount: "2.50", currency: USD}
      lead_time: 5m
  policies:
    - {kind: threshold, signal: infra.gpu.utilization, above: 85%, for: 5m, add: 2}
    - {kind: target, signal: service.requests.running, per_replica: 8}
    - {kind: predictive, horizon: 30m, quantile: auto}
    - {kind: idle, below: 30%, for: 15m, release_to: 1}
  guardrails: {scale_down_stabilization: 5m, cooldown: 60s}
  baseline: {replicas: 20}
  mode: auto
"""


def chat_document(**spec: Any) -> dict[str, Any]:
    """The chat workload as plain values, some keys of its spec replaced."""
    document = deepcopy(_chat())
    document["spec"].update(spec)
    return document


@cache
def _chat() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(CHAT)
    return document


def make_workload(team: Team, *, now: datetime, name: str = "chat-7b", **spec: Any) -> Workload:
    """A workload of `team`, saved as `apply` would save it."""
    document = chat_document(**spec)
    document["metadata"] |= {"name": name, "team": team.slug}
    document["spec"]["pools"][0]["target"]["name"] = name
    return save_document(team, validate(document), actor="test", now=now).workload
