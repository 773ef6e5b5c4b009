"""Environment variables → typed settings, or a start-up error that says what to write instead."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}
_NETLOC = r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?"  # no user, no blank


def env_str(name: str, default: str) -> str:
    """The variable as given, or the default when unset or blank."""
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, *, default: bool) -> bool:
    raw = os.environ.get(name, "").strip().lower()
    if not raw:
        return default
    if raw in _TRUE | _FALSE:
        return raw in _TRUE
    raise ImproperlyConfigured(f"{name}={raw!r} is not a yes or no; write {name}=true or false.")


def env_int(name: str, default: int, *, low: int, high: int) -> int:
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    if re.fullmatch(r"-?[0-9]{1,12}", raw) and low <= int(raw) <= high:
        return int(raw)
    raise ImproperlyConfigured(f"{name}={raw!r} must be a whole number from {low} to {high}.")


def env_choice(name: str, default: str, choices: Sequence[str]) -> str:
    value = env_str(name, default)
    if value in choices:
        return value
    raise ImproperlyConfigured(f"{name}={value!r} must be one of: {', '.join(choices)}.")


def env_list(name: str, default: str) -> list[str]:
    return [part.strip() for part in env_str(name, default).split(",") if part.strip()]


def env_zone(name: str, default: str) -> str:
    value = env_str(name, default)
    if value in available_timezones():
        return ZoneInfo(value).key
    raise ImproperlyConfigured(
        f"{name}={value!r} is no IANA time zone; write one like Asia/Shanghai."
    )


def env_path(name: str, default: Path) -> Path:
    """An absolute path; `~` is the home directory of the user that runs us."""
    return Path(env_str(name, str(default))).expanduser().resolve()


def env_url(name: str, default: str, *, schemes: Sequence[str]) -> str:
    """A URL of a scheme and a host and nothing behind them, without a closing slash."""
    value = env_str(name, default).rstrip("/")
    if not value:
        return value
    try:
        url = urlsplit(value)
        right = url.scheme in schemes and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:  # a port that is no number, or half an IPv6 address
        right = False
    if right and value == f"{url.scheme}://{url.netloc}" and re.fullmatch(_NETLOC, url.netloc):
        return value
    raise ImproperlyConfigured(
        f"{name}={value!r} is no address; write {schemes[-1]}://host or {schemes[-1]}://host:port."
    )


def env_secret(name: str, default: str = "") -> str:
    """`NAME`, or the content of the file named by `NAME_FILE`; giving both is an error."""
    plain, path = os.environ.get(name, "").strip(), os.environ.get(f"{name}_FILE", "").strip()
    if plain and path:
        raise ImproperlyConfigured(f"Both {name} and {name}_FILE are set; keep one of them.")
    if not path:
        return plain or default
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {reason}.") from error
    if not content:
        raise ImproperlyConfigured(f"{name}_FILE is empty; put the secret in it.")
    return content
