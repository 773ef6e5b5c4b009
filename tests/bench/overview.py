"""200 workloads in a fresh database → server time and queries of the overview page.

Usage: python -m tests.bench.overview [--workloads 200] [--rounds 15]

The page is asked for through Django's handler in this process, so the figure is the server's own
time without network. A fleet of a tenth of the size is measured in the same run: what grows faster
than the fleet shows in the ratio.
"""

import argparse
import os
import tempfile
import time
from statistics import median

MANY = 200
PAGE = "/"


def main() -> None:
    """Build both fleets, ask for the page by turns, print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workloads", type=int, default=MANY)
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATA_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "controlplane.settings",
            "LOG_LEVEL": "ERROR",
        }
        measure(asked.workloads, asked.rounds)


def measure(many: int, rounds: int) -> None:
    """One team of `many` workloads and one of a tenth, asked for by turns."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)
    sizes = {"few": max(1, many // 10), "many": many}
    clients = {name: fleet(name, size) for name, size in sizes.items()}
    taken: dict[str, list[float]] = {name: [] for name in sizes}
    queries: dict[str, int] = {}
    for _round in range(rounds):
        for name, client in clients.items():
            seconds, queries[name], size = ask(client)
            taken[name].append(seconds)
            assert sizes[name] <= size
    for name, count in sizes.items():
        print(  # noqa: T201 - the result
            f"overview with {count} workloads: median {1000 * median(taken[name]):.0f} ms,"
            f" worst {1000 * max(taken[name]):.0f} ms, {queries[name]} queries, n {rounds}"
        )


def fleet(name: str, size: int):  # type: ignore[no-untyped-def]  # Django loads after settings
    """A team with `size` workloads that have been looked at once; a browser of its admin."""
    from datetime import timedelta

    from django.contrib.auth import get_user_model
    from django.test import Client

    from controlplane.accounts.models import Membership
    from controlplane.accounts.services import ensure_team
    from controlplane.common import clock
    from controlplane.decisions.cycle import run_all
    from controlplane.metrics.ingest import accept_own
    from controlplane.workloads.models import Pool
    from tests.factories import make_workload

    now = clock.now()
    team = ensure_team(name)
    samples = []
    for number in range(size):
        workload = make_workload(team, now=now, name=f"{name}-{number}")
        labels = {"workload": workload.name}
        samples += [
            ("service.request.rate", labels, 10.0 + number),
            ("service.requests.waiting", labels, float(number % 3)),
            ("infra.gpu.utilization", labels, 0.5),
        ]
    accept_own(team.pk, samples, now=now)
    Pool.objects.filter(workload__team=team).update(ready=4, observed_at=now)
    run_all(now=now + timedelta(seconds=1))
    user = get_user_model().objects.create_user(name, password=None)
    Membership.objects.create(user=user, team=team, role="admin")
    client = Client()
    client.force_login(user)
    return client


def ask(client) -> tuple[float, int, int]:  # type: ignore[no-untyped-def]  # as above
    """Seconds, queries, and how many workload links the answer holds."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        began = time.perf_counter()
        answer = client.get(PAGE, HTTP_HOST="localhost")
        seconds = time.perf_counter() - began
    assert answer.status_code == 200, answer.status_code
    return seconds, len(captured), answer.content.count(b"/workloads/")


if __name__ == "__main__":
    main()
