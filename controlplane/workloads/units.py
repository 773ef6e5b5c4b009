"""Human units ("200ms", "85%", "5m") ↔ base units, strictly. Pure."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

# ASCII digits only, and few of them: \d would also take the digits of every other script.
_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)")
_MILLIS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PERCENT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*%")
_MONEY = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")
LONGEST = timedelta(days=366)
LARGEST = 1e15  # bounds; the largest signals are bytes


def parse_duration(raw: Any) -> timedelta:
    """`5m`, `1h30m`, `200ms` → timedelta. A bare number is refused: its unit would be a guess."""
    if isinstance(raw, timedelta):
        return raw
    text = raw.strip() if isinstance(raw, str) else ""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(
            f'write a duration with its unit, such as "200ms", "30s" or "5m", not {_echo(raw)}'
        )
    millis = sum(Decimal(number) * _MILLIS[unit] for number, unit in parts)
    if millis != int(millis):
        raise ValueError(f"nothing here is finer than 1ms; round {_echo(raw)}")
    if millis > LONGEST / timedelta(milliseconds=1):
        raise ValueError(f"{_echo(raw)} is longer than {LONGEST.days}d")
    return timedelta(milliseconds=int(millis))


def format_duration(value: timedelta) -> str:
    """The shortest exact spelling that `parse_duration` reads back."""
    millis = round(value.total_seconds() * 1000)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if millis and millis % size == 0:
            return f"{millis // size}{unit}"
    return f"{millis}ms" if millis else "0s"


def parse_ratio(raw: Any) -> float:
    """`85%` → 0.85; a plain number from 0 to 1 is a ratio already."""
    if isinstance(raw, str):
        match = _PERCENT.fullmatch(raw.strip())
        if match and Decimal(match[1]) <= 100:
            return round(float(match[1]) / 100, 9)
    if isinstance(raw, int | float) and not isinstance(raw, bool) and 0 <= raw <= 1:
        return float(raw)
    raise ValueError(f'write a share such as "85%" or a number from 0 to 1, not {_echo(raw)}')


def format_ratio(value: float) -> str:
    return f"{value * 100:.9g}%"


def parse_amount(raw: Any) -> Decimal:
    """Money as text ("2.50"), so that no binary fraction is ever paid."""
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 10**6:
        return Decimal(raw)
    if isinstance(raw, str) and _MONEY.fullmatch(raw.strip()):
        return Decimal(raw.strip())
    if isinstance(raw, Decimal):
        return raw
    raise ValueError(
        'write money as quoted text such as "2.50", under a million and with at most six'
        f" decimals, not {_echo(raw)}"
    )


def parse_bound(raw: Any) -> float:
    """A bound in its signal's own unit: `85%`, `200ms`, `1s` or a plain number → base units."""
    if isinstance(raw, str):
        if raw.strip().endswith("%"):
            return parse_ratio(raw)
        return parse_duration(raw).total_seconds()
    if isinstance(raw, int | float) and not isinstance(raw, bool) and 0 <= raw <= LARGEST:
        return float(raw)
    raise ValueError(
        f'write a number with its unit, such as "85%", "200ms" or 12.5, not {_echo(raw)}'
    )


def _echo(raw: Any) -> str:
    """What was written, cut short: a message must not carry a megabyte back."""
    return ascii(raw if isinstance(raw, str | int | float | bool | None) else type(raw))[:60]


_DURATION_SCHEMA = {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$"}
_BOUND_SCHEMA = {"anyOf": [{"type": "number"}, {"type": "string"}]}

Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(_DURATION_SCHEMA),
]
Ratio = Annotated[
    float,
    BeforeValidator(parse_ratio),
    PlainSerializer(format_ratio, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1},
                {"type": "string", "pattern": r"^[0-9.]+%$"},
            ]
        }
    ),
]
Amount = Annotated[
    Decimal,
    BeforeValidator(parse_amount),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,6}(\.[0-9]{1,6})?$"}),
]
Bound = Annotated[float, BeforeValidator(parse_bound), WithJsonSchema(_BOUND_SCHEMA)]
