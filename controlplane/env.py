"""Environment variables → typed settings, or a start-up error that says what to write instead."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


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


def env_secret(name: str, default: str = "") -> str:
    """`NAME`, or the content of the file named by `NAME_FILE`; giving both is an error."""
    plain, path = os.environ.get(name, "").strip(), os.environ.get(f"{name}_FILE", "").strip()
    if plain and path:
        raise ImproperlyConfigured(f"Both {name} and {name}_FILE are set; keep one of them.")
    if not path:
        return plain or default
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error.strerror}.") from error
    if not content:
        raise ImproperlyConfigured(f"{name}_FILE is empty; put the secret in it.")
    return content
