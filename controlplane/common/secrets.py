"""A path → the secret in it, made once when it does not exist."""

import contextlib
import os
import secrets
from pathlib import Path


def stored_secret(path: Path, *, size: int = 48) -> str:
    """The secret stored at `path` (mode 0600), created atomically on first use.

    Two processes that start together end up with the same secret: the loser of the race to create
    the file reads the winner's.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(size))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text(encoding="utf-8").strip()
