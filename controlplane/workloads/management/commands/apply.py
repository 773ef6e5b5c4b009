"""YAML files → workloads created or changed, with a diff. Example:

python manage.py apply -f workloads.yaml --dry-run
"""

import difflib
import sys
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from controlplane.accounts.services import ensure_team
from controlplane.common import clock
from controlplane.common.errors import ProductError
from controlplane.workloads.parse import read_documents
from controlplane.workloads.services import Saved, plain, save_document


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
        text = self._read(options["file"])
        try:
            documents = read_documents(text)
            with transaction.atomic():
                for document in documents:
                    team = ensure_team(document.metadata.team)
                    saved = save_document(team, document, actor="command:apply", now=clock.now())
                    self._show(saved, plain(document), dry=options["dry_run"])
                if options["dry_run"]:
                    transaction.set_rollback(True)
        except ProductError as error:
            raise CommandError("\n".join([error.detail, *map(_line, error.faults[1:])])) from error

    def _read(self, path: str) -> str:
        try:
            return sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path} cannot be read: {error}") from error

    def _show(self, saved: Saved, wanted: dict[str, Any], *, dry: bool) -> None:
        suffix = " (dry run)" if dry else ""
        self.stdout.write(f"workload/{saved.workload.name} {saved.outcome}{suffix}")
        before, after = (_yaml(part).splitlines() for part in (saved.before or {}, wanted))
        for line in difflib.unified_diff(before, after, "stored", "file", lineterm="", n=2):
            self.stdout.write(line)


def _yaml(plain_document: dict[str, Any]) -> str:
    return yaml.safe_dump(plain_document, sort_keys=False) if plain_document else ""


def _line(fault: Any) -> str:
    return f"{fault.pointer}: {fault.message}"
