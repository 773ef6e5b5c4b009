"""Numbers in base units → what a person reads: a number and its unit, in their language. Pure.

Values are stored in base units (seconds, ratios, bytes) and formatted only here. A number that is
absent has no spelling but the dash.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from math import floor, isfinite, log10

ABSENT = "–"
THIN = "\u00a0"  # between a number and its unit: never the end of a line
ZH = "zh-hans"
WHOLE_CURRENCIES = {"JPY", "KRW", "VND", "CLP"}
_LARGE = {
    "en": ((1e9, "B"), (1e6, "M"), (1e3, "k")),
    ZH: ((1e8, "亿"), (1e4, "万")),
}
_LONG = {
    "en": {"d": "d", "h": "h", "m": "m", "s": "s"},
    ZH: {"d": "天", "h": "小时", "m": "分", "s": "秒"},
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as text, and its unit as text (empty when it counts things)."""

    number: str
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.number}{THIN}{self.unit}" if self.unit else self.number


NOTHING = Quantity(ABSENT)


def digits(value: float, figures: int = 3) -> str:
    """That many significant digits without trailing zeros: 12.5, 228, 0.034, 1,234."""
    if value == 0:
        return "0"
    places = max(0, figures - 1 - floor(log10(abs(value))))
    text = f"{value:,.{min(places, 9)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def count(value: float | None, language: str = "en") -> Quantity:
    """How many: exact below 10,000, then 12k or 1.2 万."""
    if value is None or not isfinite(value):
        return NOTHING
    if abs(value) < 10_000:
        return Quantity(digits(value, 4) if value % 1 else f"{value:,.0f}")
    for size, word in _LARGE.get(language, _LARGE["en"]):
        if abs(value) >= size:
            text = digits(value / size, 3)
            return Quantity(text, word) if language == ZH else Quantity(text + word)
    return Quantity(f"{value:,.0f}")


def duration(seconds: float | None, language: str = "en") -> Quantity:
    """µs, ms or s with three significant digits; from a minute on two whole units."""
    if seconds is None or not isfinite(seconds):
        return NOTHING
    size = abs(seconds)
    if size == 0:
        return Quantity("0", "s")
    if size < 1e-3:
        return Quantity(digits(seconds * 1e6), "µs")
    if size < 0.9995:
        return Quantity(digits(seconds * 1e3), "ms")
    if size < 59.95:
        return Quantity(digits(seconds), "s")
    return Quantity(_long(seconds, _LONG.get(language, _LONG["en"])))


def _long(seconds: float, words: dict[str, str]) -> str:
    left = round(abs(seconds))
    parts: list[tuple[int, str]] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        amount, left = divmod(left, size)
        if amount or parts:
            parts.append((amount, words[unit]))
    kept = [f"{amount}{THIN}{word}" for amount, word in parts[:2] if amount]
    return ("−" if seconds < 0 else "") + " ".join(kept)


def age(seconds: float | None, language: str = "en") -> Quantity:
    """How long ago, in whole seconds at least: an age of 3.214 s is noise."""
    if seconds is None or not isfinite(seconds):
        return NOTHING
    whole = max(0, round(seconds))
    if whole < 60:
        return Quantity(str(whole), _LONG.get(language, _LONG["en"])["s"])
    return duration(whole, language)


def ratio(value: float | None) -> Quantity:
    """A share as percent with one decimal."""
    if value is None or not isfinite(value):
        return NOTHING
    return Quantity(f"{value * 100:,.1f}".replace("-", "−"), "%")


def change(value: float | None) -> Quantity:
    """A relative change with its sign: +22 %, −8 %."""
    if value is None or not isfinite(value):
        return NOTHING
    percent = round(value * 100)
    sign = "+" if percent > 0 else ("−" if percent < 0 else "±")
    return Quantity(f"{sign}{abs(percent):,}", "%")


def money(amount: Decimal | str | None, currency: str | None) -> Quantity:
    """An amount with its ISO currency, to the cent."""
    if amount is None or currency is None:
        return NOTHING
    places = 0 if currency in WHOLE_CURRENCIES else 2
    return Quantity(f"{cents(Decimal(amount), currency):,.{places}f}".replace("-", "−"), currency)


def cents(amount: Decimal, currency: str) -> Decimal:
    """Rounded to what the currency can be paid in: sums are made of these, so that they add up."""
    step = Decimal(1) if currency in WHOLE_CURRENCIES else Decimal("0.01")
    return amount.quantize(step, ROUND_HALF_EVEN)


def quantity(value: float | None, unit: str, language: str = "en") -> Quantity:
    """A signal's value by its UCUM unit."""
    if value is None or not isfinite(value):
        return NOTHING
    if unit == "s":
        return duration(value, language)
    if unit == "1":
        return ratio(value)
    if unit in {"By", "By/s"}:
        return _bytes(value) if unit == "By" else _bits(value)
    if unit == "W":
        return Quantity(digits(value / 1e3), "kW") if value >= 1e3 else Quantity(digits(value), "W")
    if unit == "Cel":
        return Quantity(digits(value), "°C")
    if unit.startswith("{USD}"):
        return Quantity(digits(value) if value < 0.1 else f"{value:,.2f}", unit_word(unit))
    return _things(value, unit, language)


def unit_word(unit: str) -> str:
    """A signal's UCUM unit as a chart's title names it."""
    plain = {
        "s": "s",
        "1": "%",
        "By": "GiB",
        "By/s": "Mbit/s",
        "Cel": "°C",
        "{USD}/h": "USD/h",
        "{USD}": "USD",
    }
    if unit in plain:
        return plain[unit]
    words = unit.replace("{request}", "req").replace("{token}", "tok")
    return "" if "/" not in words and words == words.lower() else words.strip("{}")


def _bytes(value: float) -> Quantity:
    for size, word in ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if abs(value) >= size:
            return Quantity(digits(value / size), word)
    return Quantity(digits(value), "B")


def _bits(value: float) -> Quantity:
    bits = value * 8
    for size, word in ((1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s")):
        if abs(bits) >= size:
            return Quantity(digits(bits / size), word)
    return Quantity(digits(bits), "bit/s")


def _things(value: float, unit: str, language: str) -> Quantity:
    if unit.endswith("/s"):
        shown = count(value, language) if abs(value) >= 10_000 else Quantity(digits(value))
        joiner = THIN if shown.unit else ""
        return Quantity(f"{shown.number}{joiner}{shown.unit}", unit_word(unit))
    return count(value, language) if value % 1 == 0 else Quantity(digits(value))
