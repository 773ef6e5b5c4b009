"""YAML files → workloads created or changed, with a diff. Example:

python manage.py apply -f workloads.yaml --dry-run
"""

import difflib
import sys
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from controlplane.accounts.models import Team
from controlplane.accounts.services import ensure_team
from controlplane.common import clock
from controlplane.common.errors import Fault, ProductError
from controlplane.workloads.parse import MAX_BYTES, read_documents, write_documents
from controlplane.workloads.services import in_order, plain, save_document
from controlplane.workloads.spec import WorkloadDocument


class Command(BaseCommand):
    help = __doc__ or ""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "-f", "--file", required=True, help="YAML file, or - for standard input"
        )
        parser.add_argument("--dry-run", action="store_true", help="show the diff, change nothing")

    def handle(self, **options: Any) -> None:
        """All documents or none; what happened is told once it did."""
        text = self._read(options["file"])
        told: list[str] = []
        try:
            with transaction.atomic():
                for document in read_documents(text):
                    told += _apply(document)
                transaction.set_rollback(options["dry_run"])
        except ProductError as error:
            raise CommandError("\n".join([error.detail, *map(_line, error.faults[1:])])) from error
        for line in told:
            self.stdout.write(line)
        if options["dry_run"]:
            self.stdout.write("dry run: nothing was changed")

    def _read(self, path: str) -> str:
        try:
            if path == "-":
                return _bounded(sys.stdin.buffer)
            with Path(path).open("rb") as file:
                return _bounded(file)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path} cannot be read: {error}") from error


def _bounded(file: BinaryIO) -> str:
    """A byte more than is allowed is enough to know that it is too much."""
    found = file.read(MAX_BYTES + 1)
    return found.decode("utf-8", "strict" if len(found) <= MAX_BYTES else "replace")


def _apply(document: WorkloadDocument) -> list[str]:
    """Save one document; the lines that tell what that did."""
    slug = document.metadata.team
    lines = [] if Team.objects.filter(slug=slug).exists() else [f"team/{slug} created"]
    saved = save_document(ensure_team(slug), document, actor="command:apply", now=clock.now())
    stored = in_order(saved.before) if saved.before else {}
    lines.append(f"workload/{saved.workload.name} {saved.outcome}")
    before, after = (_yaml(part).splitlines() for part in (stored, plain(document)))
    return lines + list(difflib.unified_diff(before, after, "stored", "file", lineterm="", n=2))


def _yaml(plain_document: dict[str, Any]) -> str:
    return write_documents([plain_document]) if plain_document else ""


def _line(fault: Fault) -> str:
    return f"{fault.pointer}: {fault.message}"
