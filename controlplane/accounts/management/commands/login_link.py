"""Make a link that logs the administrator in once, within 24 hours. Example:

python manage.py login_link
"""

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.accounts.services import create_login_link, ensure_admin, ensure_team
from controlplane.common import clock
from controlplane.common.errors import ProductError


class Command(BaseCommand):
    help = __doc__ or ""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", default="admin", help="made when it does not exist")
        parser.add_argument("--team", default="default", help="made when it does not exist")
        parser.add_argument("--base-url", default=settings.PUBLIC_URL, help="default: PUBLIC_URL")

    def handle(self, **options: Any) -> None:
        try:
            user = ensure_admin(ensure_team(options["team"]), options["username"])
        except ProductError as error:
            raise CommandError(str(error)) from error
        secret = create_login_link(user, now=clock.now())
        self.stdout.write(f"{options['base_url'].rstrip('/')}/login/{secret}")
