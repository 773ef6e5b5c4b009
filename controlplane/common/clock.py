"""The only reader of time in the shell; everything below takes `now` as an argument."""

from datetime import UTC, datetime


def now() -> datetime:
    """This instant, aware and in UTC."""
    return datetime.now(UTC)
