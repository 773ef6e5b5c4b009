"""`/livez`, `/readyz` and `/metrics`: is it alive, can it work, how does it do."""

import shutil
from collections.abc import Callable

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import REGISTRY

from controlplane.accounts.roles import Scope
from controlplane.accounts.selectors import Caller, caller_of_token, caller_of_user
from controlplane.api.figures import RowsCollector
from controlplane.common import clock
from controlplane.common.errors import ProductError
from controlplane.metrics.receivers.auth import refuse_token_in_url

LEAST_FREE_BYTES = 256 * 1024 * 1024


@require_safe
def livez(_request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is looked at."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """Whether samples can be accepted: 200 or 503, each check by name.

    The broker is not one of them: samples are taken, and decided about by the beat, without it.
    """
    checks = {name: check() for name, check in CHECKS.items()}
    healthy = all(answer == "ok" for answer in checks.values())
    return JsonResponse(
        {"status": "ok" if healthy else "unready", "checks": checks}, status=200 if healthy else 503
    )


def database() -> str:
    """ "ok", or what is wrong with the database."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM common_heartbeat LIMIT 1")
    except DatabaseTrouble:
        return "the database does not answer, or its migrations were not applied"
    return "ok"


def disk() -> str:
    """ "ok", or how little space is left where the data lie."""
    path = settings.DATA_DIR
    nearest = next(part for part in (path, *path.parents) if part.exists())
    free = shutil.disk_usage(nearest).free
    if free < LEAST_FREE_BYTES:
        return f"only {free // 2**20} MiB are free below {path}"
    return "ok"


CHECKS: dict[str, Callable[[], str]] = {"database": database, "disk": disk}


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text: this process's counters, and what the rows say about every loop.

    Needs a read token or a session, like every endpoint but the two probes, and shows no other
    team's workloads.
    """
    try:
        caller = _caller(request)
    except ProductError as error:
        text = f"{error.code}: {error.detail}\n"
        answer = HttpResponse(text, status=error.status, content_type="text/plain; charset=utf-8")
        if error.status == 401:
            answer["WWW-Authenticate"] = "Bearer"
        return answer
    registry = CollectorRegistry(auto_describe=False)
    registry.register(REGISTRY)
    registry.register(RowsCollector(caller.team, now=clock.now()))
    return HttpResponse(
        generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8"
    )


def _caller(request: HttpRequest) -> Caller:
    refuse_token_in_url(dict(request.GET.lists()))
    header = request.headers.get("Authorization", "")
    now = clock.now()
    caller = caller_of_token(header, now=now) if header else caller_of_user(request.user)
    caller.require(Scope.READ)
    return caller
