"""Frozen engine values ↔ JSON-able values, driven by their own type hints. Pure."""

import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from math import isfinite
from typing import Any, Union, get_args, get_origin, get_type_hints

_AS_THEY_ARE = frozenset({str, int, bool, type(None)})


def dump(value: Any) -> Any:
    """Dataclass → dict, tuple → list, datetime → ISO 8601, timedelta → seconds.

    Strict JSON has no NaN or infinity: they become text, which `load` reads back.
    """
    kind: Any = type(value)
    if kind is float:  # most of a snapshot is numbers and text: asked first, on purpose
        return value if isfinite(value) else str(value)
    if kind in _AS_THEY_ARE:
        return value
    if isinstance(value, tuple):
        return [dump(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {name: dump(getattr(value, name)) for name in _names(kind)}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, float) and not isfinite(value):  # a numpy scalar, say
        return str(value)
    return value.value if isinstance(value, Enum) else value


def load(kind: Any, plain: Any) -> Any:
    """The value of type `kind` that `dump` made `plain` from. Raises ValueError when it is not."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _load_union(get_args(kind), plain)
    if origin is tuple:
        return _load_tuple(get_args(kind), plain)
    if kind is datetime:
        return datetime.fromisoformat(plain)
    if kind is timedelta:
        return timedelta(seconds=plain)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(plain)
    if isinstance(kind, type) and is_dataclass(kind):
        return _load_dataclass(kind, plain)
    return float(plain) if kind is float else plain


def _load_dataclass(kind: Callable[..., Any], plain: Any) -> Any:
    hints = _hints(kind)
    if not isinstance(plain, Mapping) or not plain.keys() <= hints.keys():
        raise ValueError(f"what is stored is no {kind.__name__}")
    try:
        return kind(**{name: load(hints[name], item) for name, item in plain.items()})
    except TypeError as error:
        raise ValueError(f"what is stored is no {kind.__name__}: {error}") from error


def _load_tuple(args: tuple[Any, ...], plain: Any) -> tuple[Any, ...]:
    if len(args) == 2 and args[1] is Ellipsis:
        return tuple(load(args[0], item) for item in plain)
    return tuple(load(kind, item) for kind, item in zip(args, plain, strict=True))


def _load_union(args: tuple[Any, ...], plain: Any) -> Any:
    """None, a dataclass told apart by its `kind`, or the only other member."""
    if plain is None:
        return None
    members = [kind for kind in args if kind is not type(None)]
    if isinstance(plain, Mapping) and len(members) > 1:
        for kind in members:
            if _kind_of(kind) == plain.get("kind"):
                return load(kind, plain)
        raise ValueError(f"unknown kind {plain.get('kind')!r}")
    return load(members[0], plain) if len(members) == 1 else plain


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


@cache
def _kind_of(kind: Any) -> object:
    return next((field.default for field in fields(kind) if field.name == "kind"), None)
