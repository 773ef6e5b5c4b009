"""An empty data directory → a small world that a browser can look at: one workload with a past.

    DATA_DIR=... python -m tests.e2e.world

It runs before the product is started on the same directory.
"""

import os
from datetime import timedelta


def make() -> None:
    """Migrate, seed three hours up to now, and give the workload a place in the simulated cloud."""
    from django.conf import settings
    from django.core.management import call_command

    from controlplane.accounts.services import ensure_admin, ensure_team
    from controlplane.common import clock
    from controlplane.demo.models import DemoWorkload
    from controlplane.workloads.models import Pool
    from scaler.actuators.simulated import SimulatedCloud
    from tests.controlplane.dashboard.seeds import HOURS, seed
    from tests.factories import make_workload

    call_command("migrate", verbosity=0)
    now = clock.now()
    team = ensure_team("default")
    ensure_admin(team)
    quick = {"cooldown": "1s"}  # so that a second surge within a minute is answered, too
    row = make_workload(team, now=now - timedelta(hours=HOURS), guardrails=quick)
    seed(row, now=now)
    make_workload(team, now=now, name="fresh")
    DemoWorkload.objects.create(workload=row, profile="chat", seed=1)
    target = Pool.objects.get(workload=row).scale_target
    cloud = SimulatedCloud(settings.CLOUD_DIR)
    cloud.create(target, ready=6, lead_time=timedelta(seconds=20), seed=1)


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings")
    django.setup()
    make()
