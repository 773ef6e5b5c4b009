"""A data directory → held by this process alone until it ends, or a refusal that says by whom."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controlplane.common.errors import Conflict


@contextmanager
def sole_owner(data_dir: Path) -> Iterator[None]:
    """Hold `up.lock` in the data directory; the kernel frees it however we end.

    Raises:
        Conflict: another `up` works on the same data.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(data_dir / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
            raise Conflict(
                "already_up",
                f"Tidewise already runs on {data_dir} (process {owner}). Stop it first, or start a"
                " second installation with its own DATA_DIR and PORT.",
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)
