"""A number, its UCUM unit and a language → how a person reads it. Pure."""

from datetime import datetime, timedelta, tzinfo
from math import isfinite

LANGUAGES = ("en", "zh-hans")

# UCUM code → what stands behind the number, per language. Rates and counts of requests need no
# noun: the signal's name says it. "1" (a share), "s" and bytes are scaled, not only named.
NAMES: dict[str, tuple[str, str]] = {
    "{request}/s": ("/s", "/s"),
    "{request}": ("", ""),
    "{token}/s": (" tokens/s", " token/s"),
    "{token}": (" tokens", " 个 token"),
    "{session}": (" sessions", " 个会话"),
    "{user}": (" users", " 个用户"),
    "{message}": (" messages", " 条消息"),
    "{replica}": (" replicas", " 个副本"),
    "Cel": (" °C", " °C"),
    "W": (" W", " W"),
}
_BYTES = ("B", "KiB", "MiB", "GiB", "TiB")
_CLOCKS = {  # seconds in it → its name, per language
    86_400: (" d", " 天"),
    3_600: (" h", " 小时"),
    60: (" min", " 分钟"),
    1: (" s", " 秒"),
}


def quantity(value: float, unit: str, language: str = "en") -> str:
    """`0.85` of "1" → 85 %, `0.162` of "s" → 162 ms, `12.0` of "{request}/s" → 12/s."""
    if unit == "1":
        share = value * 100  # 99.95 % is not 100 %
        return f"{share:.4g} %" if 99 < share < 100 else f"{number(share)} %"
    if unit == "s":
        return f"{number(value * 1000)} ms" if abs(value) < 1 else f"{number(value)} s"
    if unit in {"By", "By/s"}:
        return _bytes(value) + unit[2:]
    if unit in NAMES:
        return number(value) + NAMES[unit][LANGUAGES.index(language)]
    plain = unit.replace("{", "").replace("}", "")
    return f"{number(value)} {plain}" if plain else number(value)


def number(value: float) -> str:
    """Three digits that matter, thousands grouped, an exponent only for what nobody could count."""
    if not isfinite(value) or abs(value) >= 1e15:
        return f"{value:.3g}"
    if abs(value) >= 100 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.1g}"


def duration(seconds: float, language: str = "en") -> str:
    """The two largest parts: 45 s, 5 min, 2 min 5 s, 1 h 30 min, 3 d."""
    index = LANGUAGES.index(language)
    left = max(0, round(seconds))
    if left < 120:
        return f"{left}{_CLOCKS[1][index]}"
    parts = []
    for size, names in _CLOCKS.items():
        count, left = divmod(left, size)
        parts.append(f"{count}{names[index]}" if count else "")
    first = next(at for at, part in enumerate(parts) if part)
    return " ".join(part for part in parts[first : first + 2] if part)


def moment(at: datetime, zone: tzinfo, *, dated: bool) -> str:
    """14:08 UTC+8; with `dated`, the day before it."""
    local = at.astimezone(zone)
    day = f"{local:%Y-%m-%d} " if dated else ""
    return f"{day}{local:%H:%M} {_offset(local.utcoffset() or timedelta(0))}"


def _offset(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return "UTC" + (f"{sign}{hours}" if minutes else "") + (f":{rest:02}" if rest else "")


def _bytes(value: float) -> str:
    power = 0
    while abs(value) >= 1024 and power < len(_BYTES) - 1:
        value, power = value / 1024, power + 1
    return f"{number(value)} {_BYTES[power]}"
