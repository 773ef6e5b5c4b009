"""`/livez`, `/readyz` and `/metrics`: is it alive, can it work, how does it do."""

import shutil
from collections.abc import Callable, Iterable

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import REGISTRY, GaugeMetricFamily
from prometheus_client.registry import Collector

from controlplane.accounts.roles import Scope
from controlplane.accounts.selectors import caller_of_token, caller_of_user
from controlplane.common import clock
from controlplane.common.errors import ProductError
from controlplane.common.heartbeats import heartbeats
from controlplane.decisions.models import ActuationRecord, DecisionRecord, WorkloadStatus

LEAST_FREE_BYTES = 256 * 1024 * 1024


@require_GET
def livez(_request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is looked at."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_GET
def readyz(_request: HttpRequest) -> JsonResponse:
    """Whether samples can be accepted: 200 or 503, each check by name."""
    checks = {name: check() for name, check in CHECKS.items()}
    healthy = all(answer == "ok" for answer in checks.values())
    return JsonResponse(
        {"status": "ok" if healthy else "unready", "checks": checks}, status=200 if healthy else 503
    )


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM common_heartbeat LIMIT 1")
    except DatabaseError:
        return "the database does not answer, or its migrations were not applied"
    return "ok"


def _disk() -> str:
    free = shutil.disk_usage(settings.DATA_DIR).free if settings.DATA_DIR.exists() else None
    if free is not None and free < LEAST_FREE_BYTES:
        return f"only {free // 2**20} MiB are free"
    return "ok"


CHECKS: dict[str, Callable[[], str]] = {"database": _database, "disk": _disk}


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text: this process's counters, and what the rows say about every loop.

    Needs a read token or a session, like every endpoint but the two probes.
    """
    try:
        _allowed(request)
    except ProductError as error:
        answer = HttpResponse(f"{error.detail}\n", status=error.status, content_type="text/plain")
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    registry = CollectorRegistry(auto_describe=False)
    registry.register(REGISTRY)
    registry.register(RowsCollector())
    return HttpResponse(
        generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8"
    )


def _allowed(request: HttpRequest) -> None:
    header = request.headers.get("Authorization", "")
    now = clock.now()
    caller = caller_of_token(header, now=now) if header else caller_of_user(request.user)
    caller.require(Scope.READ)


class RowsCollector(Collector):
    """Facts that other processes wrote as rows: heartbeats, decisions, actuations, workloads."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield self._heartbeats()
        yield self._grouped("tidewise_actuations", "Actuations by state.", "state", ActuationRecord)
        yield self._grouped("tidewise_decisions", "Decisions by mode.", "mode", DecisionRecord)
        yield from self._workloads()

    def _heartbeats(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "tidewise_loop_last_success_timestamp_seconds",
            "When each loop last finished well.",
            labels=["loop"],
        )
        for loop, at in sorted(heartbeats().items()):
            family.add_metric([loop], at.timestamp())
        return family

    def _grouped(
        self, name: str, text: str, column: str, model: type[ActuationRecord | DecisionRecord]
    ) -> GaugeMetricFamily:
        family = GaugeMetricFamily(name, text, labels=[column])
        for value, count in model.objects.values_list(column).annotate(count=Count("pk")):
            family.add_metric([value], count)
        return family

    def _workloads(self) -> Iterable[GaugeMetricFamily]:
        ready = GaugeMetricFamily(
            "tidewise_workload_replicas_ready", "Ready replicas.", labels=["team", "workload"]
        )
        desired = GaugeMetricFamily(
            "tidewise_workload_replicas_desired", "Desired replicas.", labels=["team", "workload"]
        )
        for row in WorkloadStatus.objects.select_related("workload__team"):
            labels = [row.workload.team.slug, row.workload.name]
            if row.ready is not None:
                ready.add_metric(labels, row.ready)
            if row.desired is not None:
                desired.add_metric(labels, row.desired)
        yield ready
        yield desired
