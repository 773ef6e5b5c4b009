"""A name and scopes → a bearer token, printed once. Example:

python manage.py create_token prometheus --scope ingest:write --team default
"""

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.accounts.roles import parse_scopes
from controlplane.accounts.services import create_token, ensure_team
from controlplane.common import clock


class Command(BaseCommand):
    help = __doc__ or ""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the audit log will call it")
        parser.add_argument(
            "--scope",
            action="append",
            required=True,
            dest="scopes",
            help="ingest:write, read, scale:write or admin; may be repeated",
        )
        parser.add_argument("--team", default="default")

    def handle(self, **options: Any) -> None:
        try:
            scopes = parse_scopes(options["scopes"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        team = ensure_team(options["team"])
        _row, text = create_token(
            team, options["name"], scopes=scopes, now=clock.now(), actor="command:create_token"
        )
        self.stdout.write(text)
