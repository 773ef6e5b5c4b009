"""A kind → a public id such as `dec_01jf…`, sortable by time and safe in a URL."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32


def public_id(prefix: str) -> str:
    """48 bits of milliseconds and 80 random bits: ids sort by creation and cannot be guessed."""
    number = (time.time_ns() // 1_000_000 << 80) | secrets.randbits(80)
    digits = []
    for _ in range(26):
        number, rest = divmod(number, 32)
        digits.append(_ALPHABET[rest])
    return f"{prefix}_{''.join(reversed(digits))}"


def decision_id() -> str:
    return public_id("dec")


def actuation_id() -> str:
    return public_id("act")


def forecast_id() -> str:
    return public_id("fct")


def model_id() -> str:
    return public_id("mdl")
