"""Check everything this installation needs; not zero when something is wrong. Example:

python manage.py doctor
"""

import sys
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from controlplane.api.diagnosis import examine
from controlplane.common import clock


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks = ()  # they are among the findings

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def handle(self, **_options: Any) -> None:
        """One line a check: ok or FAILED, what was found, and what to do."""
        ill = 0
        for found in examine(now=clock.now()):
            ill += not found.well
            word = "ok" if found.well else "FAILED"
            advice = f": {found.advice}" if found.advice else ""
            self.stdout.write(f"{word:<7} {found.what}: {found.said}{advice}")
        self.stdout.write("Everything is well." if not ill else f"{ill} to see to.")
        if ill:
            sys.exit(1)
