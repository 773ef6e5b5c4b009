"""Cookies → the time zone a person wants to read in. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

CHOICE_COOKIE = "tidewise_zone"
BROWSER_COOKIE = "tidewise_browser_zone"  # written by the page's own script
FIXED = {"utc": "UTC", "shanghai": "Asia/Shanghai"}
CHOICES = ("browser", *FIXED)


@dataclass(frozen=True, slots=True)
class Zone:
    """What was chosen, and the zone it means right now."""

    choice: str
    info: ZoneInfo

    @property
    def name(self) -> str:
        return self.info.key


def zone_of(cookies: Mapping[str, str], *, default: str) -> Zone:
    """The chosen zone; for `browser` what the browser said, else the install's default."""
    choice = cookies.get(CHOICE_COOKIE, "browser")
    if choice in FIXED:
        return Zone(choice, ZoneInfo(FIXED[choice]))
    return Zone("browser", _known(cookies.get(BROWSER_COOKIE, "")) or ZoneInfo(default))


def _known(name: str) -> ZoneInfo | None:
    """The zone of that name; a cookie may hold anything, also a path."""
    if not name or len(name) > 60 or name.startswith("/") or ".." in name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
