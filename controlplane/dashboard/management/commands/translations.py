"""Bring the Chinese catalogue up to date with the sources and compile it. Example:

python manage.py translations --check

Django's makemessages and compilemessages call programs of the gettext package, which a fresh
machine does not have. This does the same for our one catalogue in plain Python; the compiled .mo
is committed, so that nobody needs to run it to start the product.
"""

from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.dashboard.translations.catalogue import Catalogue, compiled, read, write
from controlplane.dashboard.translations.messages import found_in


class Command(BaseCommand):
    help = __doc__ or ""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail if stale")

    def handle(self, **options: Any) -> None:
        folder = Path(settings.LOCALE_PATHS[0]) / "zh_Hans" / "LC_MESSAGES"
        po, mo = folder / "django.po", folder / "django.mo"
        old = read(po.read_text(encoding="utf-8")) if po.exists() else Catalogue({})
        places = found_in(Path(settings.BASE_DIR))
        text = write(old, places)
        fresh = read(text)
        if options["check"]:
            self._check(po, mo, text, fresh, old)
            return
        folder.mkdir(parents=True, exist_ok=True)
        po.write_text(text, encoding="utf-8")
        mo.write_bytes(compiled(fresh))
        missing = [message.text for message, found in fresh.texts.items() if not found]
        self.stdout.write(f"{len(fresh.texts)} messages, {len(missing)} not translated")

    def _check(self, po: Path, mo: Path, text: str, fresh: Catalogue, old: Catalogue) -> None:
        missing = [message.text for message, found in fresh.texts.items() if not found]
        if missing or old.fuzzy:
            names = "\n  ".join(missing + [f"fuzzy: {each.text}" for each in old.fuzzy])
            raise CommandError(f"Not translated:\n  {names}")
        if po.read_text(encoding="utf-8") != text or mo.read_bytes() != compiled(fresh):
            raise CommandError("The catalogue is stale; run: python manage.py translations")
        self.stdout.write(f"{len(fresh.texts)} messages, all translated")
