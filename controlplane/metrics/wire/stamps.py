"""A JSON timestamp → Unix milliseconds, or the reason why it is none."""

import re
from datetime import datetime
from typing import Any

_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_OLDEST = 978_307_200_000  # 2001-01-01
_NEWEST = 4_102_444_800_000  # 2100-01-01
_UNITS = ((1_000, "seconds"), (0.001, "microseconds"), (0.000_001, "nanoseconds"))


class BadStamp(ValueError):
    """Not a timestamp; `code` is one of ts.type, ts.range, ts.unit_suspect."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def stamp_ms(value: Any) -> int:
    """RFC 3339 text with a zone, or integer milliseconds → milliseconds. Raises BadStamp."""
    if isinstance(value, str):
        return _from_text(value)
    if type(value) is not int:
        raise BadStamp(
            "ts.type", "timestamp must be RFC 3339 text with a zone, or integer milliseconds."
        )
    if _OLDEST <= value <= _NEWEST:
        return value
    for factor, unit in _UNITS:
        if 0 < value < 1 << 63 and _OLDEST <= value * factor <= _NEWEST:
            raise BadStamp("ts.unit_suspect", f"timestamp looks like {unit}; send milliseconds.")
    raise BadStamp("ts.range", "timestamp must lie between the years 2001 and 2100.")


def _from_text(text: str) -> int:
    if not _RFC3339.fullmatch(text):
        raise BadStamp("ts.type", "timestamp must read like 2026-11-22T06:00:00Z, zone included.")
    fraction = re.search(r"\.(\d+)", text)
    # fromisoformat reads at most microseconds.
    plain = (
        text if fraction is None else text.replace(fraction[0], "." + fraction[1][:6].ljust(6, "0"))
    )
    try:
        moment = datetime.fromisoformat(plain.upper())
    except ValueError as error:
        raise BadStamp(
            "ts.type", "timestamp names a day or an hour that does not exist."
        ) from error
    found = round(moment.timestamp() * 1000)
    if not _OLDEST <= found <= _NEWEST:
        raise BadStamp("ts.range", "timestamp must lie between the years 2001 and 2100.")
    return found
