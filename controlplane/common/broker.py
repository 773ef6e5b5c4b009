"""A broker URL → the transport options and priorities that make it safe here."""

from enum import IntEnum
from typing import Any

from django.conf import settings


class Urgency(IntEnum):
    """How soon a message should be looked at; the transport's own number differs."""

    HIGH = 0
    NORMAL = 1
    LOW = 2


def is_redis(url: str) -> bool:
    """Whether the URL names Redis or Valkey in any of kombu's spellings."""
    return url.startswith(("redis", "rediss", "valkey", "sentinel"))


def transport_options(url: str | None = None) -> dict[str, Any]:
    """Options for kombu.

    Valkey: kombu looks for lost tasks only every 100 s by default, so the restore interval is
    set to 2 s; the visibility timeout stays above the longest task time limit, or a task that is
    still running would be delivered again.
    """
    url = settings.BROKER_URL if url is None else url
    if url.startswith("memory"):
        return {"polling_interval": 0.05}
    if is_redis(url):
        return {
            "visibility_timeout": 900,
            "unacked_restore_interval": 2,
            "unacked_restore_throttle": 1,
            "priority_steps": [0, 3, 6, 9],
            "queue_order_strategy": "priority",
            "sep": ":",
            "fanout_prefix": True,
            "fanout_patterns": True,
            "socket_timeout": 20,
            "socket_connect_timeout": 3,
        }
    return {"confirm_publish": True, "read_timeout": 5, "write_timeout": 5}


def priority(urgency: Urgency, url: str | None = None) -> int:
    """The transport's number: Redis serves 0 first, RabbitMQ serves 9 first."""
    url = settings.BROKER_URL if url is None else url
    steps = (0, 3, 9) if is_redis(url) else (9, 5, 0)
    return steps[urgency]
