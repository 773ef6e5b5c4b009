"""Workloads → freshly trained models, now. Example:

python manage.py train --workload chat-7b
"""

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.common import clock
from controlplane.common.errors import Conflict
from controlplane.forecasts.models import ModelState, ModelVersion
from controlplane.forecasts.train import train
from controlplane.workloads.models import Workload
from forecasting.contest import Refusal, Trial
from forecasting.errors import ForecastingError


class Command(BaseCommand):
    help = __doc__ or ""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workload", metavar="NAME", help="default: every workload")
        parser.add_argument("--team", default="default", metavar="SLUG", help="default: default")

    def handle(self, **options: Any) -> None:
        rows = _found(options["team"], options["workload"])
        failed = sum(not self._train(row) for row in rows)
        if failed:
            raise CommandError(f"{failed} of {len(rows)} workloads could not be trained")

    def _train(self, row: Workload) -> bool:
        self.stdout.write(f"{row.name}: training …")
        try:
            version = train(row, now=clock.now(), report=self._report)
        except (ForecastingError, Conflict) as error:
            self.stderr.write(f"{row.name}: {error}")
            return False
        self.stdout.write(f"{row.name}: {_verdict(version)}")
        return True

    def _report(self, one: Trial | Refusal) -> None:
        if isinstance(one, Refusal):
            self.stdout.write(f"  {one.name:<15} skipped: {one.reason}")
            return
        self.stdout.write(
            f"  {one.name:<15} loss {one.scores.wql:.4f}, P95 covers {one.scores.coverage_95:.1%},"
            f" learnt in {one.seconds:.1f} s"
        )


def _verdict(version: ModelVersion) -> str:
    served = version.state == ModelState.CHAMPION
    return f"{version.name} v{version.number} {'serves' if served else 'waits'}, {version.reason}"


def _found(team: str, name: str | None) -> list[Workload]:
    """The workloads to train. Raises CommandError with what could have been meant."""
    rows = Workload.objects.filter(team__slug=team)
    known = ", ".join(row.name for row in rows[:20])
    if not known:
        raise CommandError(f"team {team!r} has no workload; `apply -f FILE` makes one")
    if name is None:
        return list(rows)
    found = list(rows.filter(name=name))
    if not found:
        raise CommandError(f"team {team!r} has no workload {name!r}; it has {known}")
    return found
