"""Start everything in one go and keep it running until Ctrl-C. Example:

python manage.py up --demo --port 8001
"""

import os
import sys
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.common.errors import ProductError
from controlplane.common.supervisor.options import options_from
from controlplane.common.supervisor.run import run


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks = ()  # `run` runs ours; Django's would import every page first

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        ask = os.environ.get
        parser.add_argument("--demo", action="store_true", help="load and run the demo world")
        parser.add_argument("--host", default=ask("HOST") or "127.0.0.1", help="default: HOST")
        parser.add_argument("--port", default=ask("PORT") or "8000", help="default: PORT or 8000")
        parser.add_argument("--trace", default=ask("TRACE"), help="a CSV for --demo to replay")

    def handle(self, **options: Any) -> None:
        try:
            chosen = options_from(
                host=options["host"],
                port=options["port"],
                demo=options["demo"],
                trace=options["trace"],
                data_dir=settings.DATA_DIR,
            )
            run(chosen, os.environ, tell=self._tell)
        except ProductError as error:
            raise CommandError(error.detail) from error

    def _tell(self, line: str) -> None:
        """One line at once; a console that went away must not stop what it only watched."""
        try:
            self.stdout.write(line)
            self.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
