"""Workloads → freshly trained models, now. Example:

python manage.py train --workload chat-7b
"""

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.common import clock
from controlplane.forecasts.train import train
from controlplane.workloads.models import Workload
from forecasting.errors import ForecastingError


class Command(BaseCommand):
    help = __doc__ or ""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workload", default="", help="default: every workload")
        parser.add_argument("--team", default="default")

    def handle(self, **options: Any) -> None:
        rows = Workload.objects.filter(team__slug=options["team"])
        if options["workload"]:
            rows = rows.filter(name=options["workload"])
        if not rows:
            raise CommandError("there is no such workload; `export` lists them")
        failed = 0
        for row in rows:
            self.stdout.write(f"{row.name}: training …")
            try:
                version = train(row, now=clock.now())
            except ForecastingError as error:
                failed += 1
                self.stderr.write(f"{row.name}: {error}")
                continue
            self.stdout.write(
                f"{row.name}: {version.name} v{version.number} in {version.fit_seconds:.1f} s,"
                f" {version.reason}"
            )
        if failed:
            raise CommandError(f"{failed} of {len(rows)} workloads could not be trained")
