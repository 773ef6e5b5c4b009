"""The static files of every app → DATA_DIR/static, hashed and compressed, when they changed."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def fingerprint() -> str:
    """A digest over the name, size and change time of every source file and over the storage."""
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for path in sorted(_sources()):
        status = path.stat()
        digest.update(f"\n{path}\0{status.st_size}\0{status.st_mtime_ns}".encode())
    return digest.hexdigest()


def _sources() -> set[Path]:
    return {
        Path(storage.path(name)) for finder in get_finders() for name, storage in finder.list(None)
    }


def collect(stamp: Path) -> bool:
    """Collect when `stamp` does not hold the present fingerprint; True when files were written."""
    wanted = fingerprint()
    known = stamp.read_text(encoding="ascii") if stamp.exists() else ""
    if known == wanted and Path(settings.STATIC_ROOT).is_dir():
        return False
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted, encoding="ascii")
    return True
