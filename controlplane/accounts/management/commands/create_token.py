"""A name and scopes → a bearer token, printed once. Example:

python manage.py create_token prometheus --scope ingest:write --team default
"""

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.accounts.models import Team
from controlplane.accounts.names import DEFAULT_TEAM
from controlplane.accounts.roles import parse_scopes
from controlplane.accounts.services import create_token, ensure_team
from controlplane.common import clock
from controlplane.common.errors import ProductError


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
        parser.add_argument("--team", default=DEFAULT_TEAM, help="whose; default: %(default)s")

    def handle(self, **options: Any) -> None:
        try:
            scopes = parse_scopes(options["scopes"])
            _row, text = create_token(
                _team(options["team"]),
                options["name"],
                scopes=scopes,
                now=clock.now(),
                actor="command:create_token",
            )
        except (ValueError, ProductError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(text)


def _team(slug: str) -> Team:
    """A team that exists: a token for a misspelt one would see nothing and say nothing."""
    known = Team.objects.order_by("slug").values_list("slug", flat=True)
    if slug != DEFAULT_TEAM and slug not in known:
        raise CommandError(f"There is no team {slug!r}; there are: {', '.join(known) or 'none'}.")
    return ensure_team(slug)
