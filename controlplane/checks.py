"""Settings → start-up checks CP.E001… and CP.W001…, each with a hint that says what to write."""

import ipaddress
import os
import platform
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's

LEAST_KEY_LENGTH = 32
LEAST_SQLITE = (3, 35)  # RETURNING and window functions on every supported system
BROKERS = ("amqp", "amqps", "redis", "rediss", "redis+socket", "valkey", "sentinel", "memory")
KNOWN_KEYS = ("changeme", "secret", "insecure", "django-insecure", "password", "example")
_KEY = re.compile(r"[A-Za-z0-9_-]+={0,2}")

# Type numbers of file systems that other machines write to as well: SQLite's locks fail on them.
NETWORK_FILESYSTEMS = {
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "glusterfs",
    "fuse.glusterfs", "lustre",
}  # fmt: skip


def secret_key() -> Iterator[CheckMessage]:
    key = settings.SECRET_KEY
    weak = len(key) < LEAST_KEY_LENGTH or len(set(key)) < 8
    if weak or key.lower().startswith(KNOWN_KEYS):
        yield Error(
            f"SECRET_KEY is shorter than {LEAST_KEY_LENGTH} characters or easy to guess.",
            hint="Unset it to have one made in DATA_DIR, or write 48 random characters.",
            id="CP.E001",
        )


def allowed_hosts() -> Iterator[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS and settings.PUBLIC_URL.startswith("https://"):
        yield Error(
            "ALLOWED_HOSTS=* lets anybody forge links on a public installation.",
            hint=f"Write ALLOWED_HOSTS={urlsplit(settings.PUBLIC_URL).hostname}.",
            id="CP.E002",
        )


def data_dir() -> Iterator[CheckMessage]:
    path = Path(settings.DATA_DIR)
    nearest = next(part for part in (path, *path.parents) if part.exists())
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        yield Error(
            f"DATA_DIR={path} cannot be written.",
            hint="Give the directory to the user that runs Tidewise, or set DATA_DIR elsewhere.",
            id="CP.E003",
        )


def local_disk() -> Iterator[CheckMessage]:
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        kind = filesystem_of(Path(settings.DATABASES["default"]["NAME"]))
        if kind in NETWORK_FILESYSTEMS:
            yield Error(
                f"The SQLite file lies on a network file system ({kind}), which loses locks.",
                hint="Set DATA_DIR to a local disk, or DATABASE_URL=postgresql://….",
                id="CP.E004",
            )


def sqlite_version() -> Iterator[CheckMessage]:
    uses_sqlite = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    if uses_sqlite and sqlite3.sqlite_version_info < LEAST_SQLITE:
        yield Error(
            f"SQLite {sqlite3.sqlite_version} is too old.",
            hint="Use a Python built with SQLite 3.35 or newer, or DATABASE_URL=postgresql://….",
            id="CP.E005",
        )


def credential_keys() -> Iterator[CheckMessage]:
    for number, key in enumerate(settings.CREDENTIAL_KEYS, start=1):
        if not (_KEY.fullmatch(key) and len(key.rstrip("=")) == 43):
            yield Error(
                f"Key {number} of CREDENTIAL_KEYS is not 32 bytes in URL-safe base64.",
                hint="Make one: python -c 'import base64, os; "
                "print(base64.urlsafe_b64encode(os.urandom(32)).decode())'",
                id="CP.E006",
            )


def broker_url() -> Iterator[CheckMessage]:
    scheme = settings.BROKER_URL.partition("://")[0]
    if scheme not in BROKERS:
        yield Error(
            f"BROKER_URL starts with {scheme!r}, which is not spoken here.",
            hint="Write amqp://user:password@host:5672/vhost, or unset it for the embedded broker.",
            id="CP.E007",
        )


def plain_http() -> Iterator[CheckMessage]:
    url = urlsplit(settings.PUBLIC_URL)
    if url.scheme == "http" and not _is_loopback(url.hostname or ""):
        yield Warning(
            f"PUBLIC_URL={settings.PUBLIC_URL} sends sessions and tokens in clear.",
            hint="Put a proxy with TLS in front and write PUBLIC_URL=https://….",
            id="CP.W001",
        )


def debug_mode() -> Iterator[CheckMessage]:
    url = urlsplit(settings.PUBLIC_URL)
    if settings.DEBUG and not _is_loopback(url.hostname or ""):
        yield Error(
            "DEBUG shows settings and source code to every visitor.",
            hint="Unset DEBUG wherever PUBLIC_URL is not a loopback address.",
            id="CP.E008",
        )


def traces() -> Iterator[CheckMessage]:
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        yield Warning(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but this release sends no traces.",
            hint="Unset it, or leave it for a later release.",
            id="CP.W002",
        )


ALL: Sequence[Callable[[], Iterator[CheckMessage]]] = (
    secret_key,
    allowed_hosts,
    data_dir,
    local_disk,
    sqlite_version,
    credential_keys,
    broker_url,
    debug_mode,
    plain_http,
    traces,
)


@register(Tags.security)
def start_up(app_configs: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    """Every check above, in order; `up` refuses to start on an error."""
    return [message for check in ALL for message in check()]


def filesystem_of(path: Path) -> str:
    """The kind of file system that holds `path`, as in /proc/mounts; empty when unknown."""
    if platform.system() != "Linux":
        return ""
    real = path.resolve()
    best = ("", "")
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _device, mount, kind, *_rest = line.split(" ")
        mount = mount.replace("\\040", " ")
        if real.is_relative_to(mount) and len(mount) >= len(best[0]):
            best = (mount, kind)
    return best[1]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
