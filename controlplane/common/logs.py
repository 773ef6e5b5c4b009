"""A style and a level → the logging configuration, with secrets taken out of every line."""

import re
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_KEY = re.compile(r"(?i)(authorization|password|secret|token|credential|cookie)")
_SECRET_TEXT = re.compile(
    r"(?i)(tw_[a-z0-9]{4,}_)[A-Za-z0-9_-]{8,}|(bearer\s+)\S+|(://[^/\s:@]*:)\S+(?=@)"
)


def redact(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide secret-looking keys and token-shaped text; applied to every line last."""
    for key, value in event.items():
        if _SECRET_KEY.search(key) and isinstance(value, str):
            event[key] = "[hidden]"
        elif isinstance(value, str):
            event[key] = hide(value)
    return event


def hide(text: str) -> str:
    """Bearer tokens, our own tokens and URL passwords replaced by a mark."""
    return _SECRET_TEXT.sub(lambda match: f"{match[1] or match[2] or match[3]}[hidden]", text)


def logging_config(*, style: str, level: str) -> dict[str, Any]:
    """A `LOGGING` dict: our own and foreign records through one structlog formatter."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    redact,
                    renderer,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "uvicorn.access": {"level": "WARNING"},
            # A browser that leaves a page cancels its requests; that is no warning.
            "django_structlog.middlewares.request": {"level": "ERROR"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            # memory:// has no host, and kombu warns of it for every connection.
            "kombu.connection": {"level": "ERROR"},
        },
    }
