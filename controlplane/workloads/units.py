"""Human units ("200ms", "85%", "5m") ↔ base units, strictly. Pure."""

import math
import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PERCENT = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)\s*%")


def parse_duration(raw: Any) -> timedelta:
    """`5m`, `1h30m`, `200ms` → timedelta. A bare number is refused: its unit would be a guess."""
    if isinstance(raw, timedelta):
        return raw
    text = raw.strip() if isinstance(raw, str) else ""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(
            f'write a duration with its unit, such as "200ms", "30s" or "5m", not {raw!r}'
        )
    return timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in parts))


def format_duration(value: timedelta) -> str:
    """The shortest exact spelling that `parse_duration` reads back."""
    millis = round(value.total_seconds() * 1000)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if millis and millis % size == 0:
            return f"{millis // size}{unit}"
    return f"{millis}ms"


def parse_ratio(raw: Any) -> float:
    """`85%` → 0.85; a plain number from 0 to 1 is a ratio already."""
    if isinstance(raw, str):
        match = _PERCENT.fullmatch(raw.strip())
        if match:
            return round(float(match[1]) / 100, 9)
    if isinstance(raw, int | float) and not isinstance(raw, bool) and 0 <= raw <= 1:
        return float(raw)
    raise ValueError(f'write a share such as "85%" or a number from 0 to 1, not {raw!r}')


def format_ratio(value: float) -> str:
    return f"{value * 100:.7g}%"


def parse_amount(raw: Any) -> Decimal:
    """Money as text ("2.50"), so that no binary fraction is ever paid."""
    if isinstance(raw, Decimal):
        return raw
    if isinstance(raw, int) and not isinstance(raw, bool):
        return Decimal(raw)
    if isinstance(raw, str):
        try:
            amount = Decimal(raw.strip())
        except InvalidOperation:
            amount = Decimal("NaN")
        if amount.is_finite() and amount >= 0:
            return amount
    raise ValueError(f'write money as quoted text such as "2.50", not {raw!r}')


def parse_bound(raw: Any) -> float:
    """A bound in its signal's own unit: `85%`, `200ms`, `1s` or a plain number → base units."""
    if isinstance(raw, str):
        if raw.strip().endswith("%"):
            return parse_ratio(raw)
        return parse_duration(raw).total_seconds()
    if isinstance(raw, int | float) and not isinstance(raw, bool) and math.isfinite(raw):
        return float(raw)
    raise ValueError(f'write a number with its unit, such as "85%", "200ms" or 12.5, not {raw!r}')


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
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"}),
]
Bound = Annotated[float, BeforeValidator(parse_bound), WithJsonSchema(_BOUND_SCHEMA)]
