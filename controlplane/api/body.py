"""A request's body and query → plain values, strictly: what JSON parsers let pass is refused here.

Python's parser takes NaN, repeated keys, half surrogates, NUL and any depth; each of them fails
later, in the database or in somebody else's parser, as a fault that looks like ours.
"""

import json
import math
from typing import Any, NoReturn

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.parser import Parser

from controlplane.common.errors import InvalidInput, WrongMedia

MAX_DEPTH = 20
MAX_DIGITS = 30  # a longer number is no count and no measurement
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00")


class StrictParser(Parser):
    """What the API uses in place of ninja's own."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Raises WrongMedia for anything that is not JSON, InvalidInput for bad JSON."""
        if request.content_type != "application/json":
            raise WrongMedia("media.type", "Send Content-Type: application/json.")
        return decoded(request.body)

    def parse_querydict(
        self, data: "MultiValueDict[str, Any]", list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        """Raises InvalidInput when a parameter is given twice: which one is meant is a guess."""
        for name, values in data.lists():
            if len(values) > 1 and name not in list_fields:
                raise InvalidInput("query.repeated", f"Give {name[:60]!r} once.")
        parsed: dict[str, Any] = super().parse_querydict(data, list_fields, request)
        return parsed


def decoded(body: bytes) -> Any:
    """UTF-8 JSON → plain values. Raises InvalidInput with a code that says what is wrong."""
    if body.startswith(_BOMS):
        raise InvalidInput("json.utf8", "Send UTF-8 without a byte order mark.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput("json.utf8", f"Byte {error.start} is not UTF-8.") from error
    try:
        found = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_integer,
            parse_float=_number,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidInput("json.syntax", f"{error.msg} at {where}.") from error
    except RecursionError as error:
        raise _too_deep() from error
    _check(found, MAX_DEPTH)
    return found


def _check(value: Any, depth: int) -> None:
    """Depth and texts; numbers and keys were checked while they were read."""
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict | list):
        if not depth:
            raise _too_deep()
        for item in value.values() if isinstance(value, dict) else value:
            _check(item, depth - 1)


def _too_deep() -> InvalidInput:
    return InvalidInput("json.depth", f"JSON may be nested {MAX_DEPTH} levels deep.")


def _check_text(text: str) -> None:
    refuse_nul(text)
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise InvalidInput("text.surrogate", "A text holds half a surrogate pair.")


def refuse_nul(text: str) -> None:
    """PostgreSQL stores no NUL and SQLite does; neither gets one."""
    if "\x00" in text:
        raise InvalidInput("text.nul", "A text holds a NUL character.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    for name in found:
        _check_text(name)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInput("json.duplicate_key", f"The key {twice[:60]!r} comes twice.")
    return found


def _no_constant(word: str) -> NoReturn:
    raise InvalidInput("value.not_finite", f"{word} is not a JSON number.")


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise InvalidInput("value.range", "A number has too many digits.")
    return int(text)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InvalidInput("value.not_finite", "A number is too large.")
    return number
