"""Fill an installation with the demo: two weeks of a synthetic fleet, once. Example:

python manage.py demo_load --trace requests.csv
"""

import time
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.common import clock
from controlplane.common.errors import ProductError
from controlplane.demo.load import load


class Command(BaseCommand):
    help = __doc__ or ""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--trace",
            type=Path,
            help="a CSV (.csv, .csv.gz) of timestamp,requests that drives one more workload",
        )

    def handle(self, **options: Any) -> None:
        began = time.monotonic()
        try:
            loaded = load(clock=clock.now, trace=options["trace"], tell=self._tell)
        except ProductError as error:
            raise CommandError(error.detail) from error
        if loaded:
            took = time.monotonic() - began
            self._tell(f"demo loaded in {took:.1f} s: {', '.join(loaded)} (synthetic)")
        else:
            self._tell("the demo is loaded already")

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
