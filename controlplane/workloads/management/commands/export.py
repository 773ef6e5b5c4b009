"""Stored workloads → the YAML that `apply` reads. Example:

python manage.py export chat-7b > chat-7b.yaml
"""

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.workloads.models import Workload
from controlplane.workloads.parse import write_documents
from controlplane.workloads.services import in_order


class Command(BaseCommand):
    help = __doc__ or ""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help="default: every workload")
        parser.add_argument("--team", default="", help="only this team's workloads")

    def handle(self, **options: Any) -> None:
        rows = Workload.objects.order_by("team__slug", "name")
        if options["team"]:
            rows = rows.filter(team__slug=options["team"])
        if options["names"]:
            rows = rows.filter(name__in=options["names"])
            absent = set(options["names"]) - set(rows.values_list("name", flat=True))
            if absent:
                raise CommandError(f"no workload named {', '.join(sorted(absent))}")
        documents = [in_order(row.document) for row in rows]
        self.stdout.write(write_documents(documents), ending="")
