"""A bearer token ↔ its public prefix and its hash. Pure; rows live in models.py.

A token reads `tw_<prefix>_<secret>`: the prefix finds the row, the secret is 256 random bits, and
only its SHA-256 is stored (a slow hash protects guessable passwords, and this cannot be guessed).
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

_SHAPE = re.compile(r"tw_([a-z0-9]{8})_([A-Za-z0-9_-]{43})")
_PREFIX_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class Minted:
    """A new token: the text to show once, and what may be stored."""

    text: str
    prefix: str
    digest: str


def mint() -> Minted:
    """A fresh random token."""
    prefix = "".join(secrets.choice(_PREFIX_ALPHABET) for _ in range(8))
    text = f"tw_{prefix}_{secrets.token_urlsafe(32)}"
    return Minted(text, prefix, digest(text))


def digest(text: str) -> str:
    """The stored form, 64 hexadecimal characters."""
    return hashlib.sha256(text.encode()).hexdigest()


def prefix_of(text: str) -> str | None:
    """The public part, or None when the text is not shaped like one of our tokens."""
    match = _SHAPE.fullmatch(text)
    return match[1] if match else None


def matches(text: str, stored: str) -> bool:
    """Constant-time comparison with a stored digest."""
    return hmac.compare_digest(digest(text), stored)
