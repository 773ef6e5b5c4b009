"""A JSON batch → samples, every rule strict: what is wrong is named by a pointer, never guessed.

    {"points": [{"signal": "service.request.rate", "workload": "chat-7b", "value": 12.5,
                 "timestamp": "2026-11-22T06:00:00Z", "labels": {}}]}

`name` may stand in the place of `signal` for a raw Prometheus name. `timestamp` is RFC 3339 with
a zone or an integer of Unix milliseconds; left out it means now.
"""

import difflib
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, NoReturn

from controlplane.common.errors import Fault, InvalidInput, TooLarge
from controlplane.metrics.sample import (
    MAX_LABEL_VALUE,
    MAX_POINTS,
    Parsed,
    Source,
    labels_fault,
    name_fault,
    sorted_labels,
)
from controlplane.metrics.wire.collect import Collector, echo
from controlplane.metrics.wire.stamps import BadStamp, stamp_ms

MAX_DEPTH = 16
_MOST_DIGITS = 400  # a longer integer is no measurement, and slow to turn into one
_MOST_COMMAS = 1_000_000  # half a second of reading; 100,000 plain points have 600,000
_FEW_COMMAS = 100_000
_MEMBERS = 70  # of an object at most: the fields of a point, or 64 labels
# A text that never ends is taken to the end at once: looking for its end from every quotation mark
# in it again would take hours.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKET = re.compile(rb"[\[{]|[\]}]")
_LONGEST_SIGNAL = 200
_FIELDS = {"signal", "name", "workload", "value", "timestamp", "labels"}
_OWN_SIGNAL = re.compile(r"business(\.[a-z][a-z0-9_]*)+")


def parse(
    body: bytes, known: Mapping[bytes, int], *, now_ms: int, signals: Mapping[str, Any]
) -> Parsed:
    """A body → its samples; wrong points become faults of the result.

    `signals` holds the names of the catalogue. Raises InvalidInput when the body as a whole cannot
    be read, TooLarge when it holds more than 100,000 points.
    """
    points = _points(_decoded(body))
    if len(points) > MAX_POINTS:
        raise TooLarge("batch.points", f"A batch may hold {MAX_POINTS} points.")
    collector = Collector(known)
    for index, point in enumerate(points):
        pointer = f"/points/{index}"
        try:
            _take(point, collector, now_ms=now_ms, signals=signals, pointer=pointer)
        except _BadPoint as bad:
            collector.fault(bad.code, str(bad), pointer=pointer + bad.place)
    return collector.parsed()


class _BadPoint(ValueError):
    def __init__(self, code: str, message: str, place: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.place = place


def _decoded(body: bytes) -> Any:
    if not body.strip():
        raise InvalidInput("json.empty", 'Send a body: {"points": […]}.')
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) or body[:1] == b"\x00":
        raise InvalidInput("json.utf8", "Send UTF-8 without a byte order mark.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput("json.utf8", f"Byte {error.start} is not UTF-8.") from error
    _guard_shape(body)
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_integer
        )
    except json.JSONDecodeError as error:
        detail = f"{error.msg} at line {error.lineno}, column {error.colno}."
        raise InvalidInput("json.syntax", detail) from error


def _guard_shape(body: bytes) -> None:
    """Refuse deep nesting and floods of objects before any object is made."""
    objects, commas = body.count(b"{"), body.count(b",")
    most = min(_MOST_COMMAS, max(_FEW_COMMAS, _MEMBERS * objects))
    if objects > 2 * MAX_POINTS + 1 or commas > most:
        raise TooLarge("batch.points", f"A batch may hold {MAX_POINTS} points.")
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise InvalidInput("json.depth", f"JSON may be nested {MAX_DEPTH} levels deep.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise InvalidInput("json.duplicate_key", f"The key {echo(twice)} comes twice.")
    return found


def _no_constant(word: str) -> NoReturn:
    raise InvalidInput("value.not_finite", f"{word} is not a value; leave the point out.")


def _integer(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise InvalidInput("value.range", "A number has too many digits.")
    return int(text)


def _points(root: Any) -> list[Any]:
    if not isinstance(root, dict) or not root:
        raise InvalidInput("json.root_type", 'The root must be an object: {"points": […]}.')
    unknown = sorted(set(root) - {"points"})
    if unknown:
        raise InvalidInput(
            "field.unknown",
            f"Unknown field {echo(unknown[0])}; the root holds points only.",
            faults=(Fault("field.unknown", "The root holds points only.", f"/{echo(unknown[0])}"),),
        )
    points = root["points"]
    if not isinstance(points, list):
        raise InvalidInput("field.type", "points must be a list.")
    if not points:
        raise InvalidInput("batch.empty", "points is empty; send at least one.")
    return points


def _take(
    point: Any, collector: Collector, *, now_ms: int, signals: Mapping[str, Any], pointer: str
) -> None:
    if not isinstance(point, dict):
        raise _BadPoint("field.type", "A point must be an object.")
    for name in point:
        if name not in _FIELDS:
            raise _BadPoint("field.unknown", f"Unknown field {echo(name)}.", f"/{echo(name)}")
    value = _value(point)
    ts_ms = _stamp(point, now_ms)
    key = _key(point)
    if not collector.known(key):
        source = _source(point, signals, hints=collector.wordy)
        if not collector.admits(pointer=pointer):
            return
        collector.introduce(key, source)
    collector.add(key, ts_ms, value, pointer=pointer)


def _value(point: dict[str, Any]) -> float:
    if "value" not in point:
        raise _BadPoint("field.missing", "A point needs a value.", "/value")
    value = point["value"]
    if type(value) not in (int, float):
        raise _BadPoint("value.type", "value must be a JSON number.", "/value")
    try:
        number = float(value)
    except OverflowError as error:
        raise _BadPoint("value.range", "value is too large.", "/value") from error
    if not math.isfinite(number):
        raise _BadPoint("value.not_finite", "value is too large to be a number.", "/value")
    return number


def _stamp(point: dict[str, Any], now_ms: int) -> int:
    if "timestamp" not in point:
        return now_ms
    try:
        return stamp_ms(point["timestamp"])
    except BadStamp as bad:
        raise _BadPoint(bad.code, str(bad), "/timestamp") from bad


def _key(point: dict[str, Any]) -> bytes:
    """Equal for two points exactly when they name the same series in the same way."""
    parts = [_text(point, "signal"), _text(point, "name"), _text(point, "workload")]
    labels = point.get("labels", {})
    if not isinstance(labels, dict):
        raise _BadPoint("field.type", "labels must be an object.", "/labels")
    for name in sorted(labels):
        if not isinstance(labels[name], str):
            raise _BadPoint("label.type", "A label's value must be text.", f"/labels/{echo(name)}")
        parts += (name, labels[name])
    try:
        return json.dumps(parts, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise _BadPoint("text.surrogate", "A text holds half a surrogate pair.") from error


def _text(point: dict[str, Any], field: str) -> str:
    text = point.get(field, "")
    if not isinstance(text, str):
        raise _BadPoint("field.type", f"{field} must be text.", f"/{field}")
    if "\x00" in text:
        raise _BadPoint("text.nul", f"{field} holds a NUL character.", f"/{field}")
    return text


def _source(point: dict[str, Any], signals: Mapping[str, Any], *, hints: bool) -> Source:
    if ("signal" in point) == ("name" in point):
        raise _BadPoint("field.missing", "Give either signal or name.", "/signal")
    labels = dict(point.get("labels", {}))
    _check(labels_fault(sorted_labels(labels)), "/labels")
    if "__name__" in labels:
        raise _BadPoint("label.name", "__name__ is not a label here; use name.", "/labels")
    workload = point.get("workload", "")
    if len(workload.encode()) > MAX_LABEL_VALUE:
        raise _BadPoint("label.length", "workload is too long.", "/workload")
    if workload:
        if labels.get("workload", workload) != workload:
            raise _BadPoint("label.collision", "workload is given twice.", "/labels/workload")
        labels["workload"] = workload
    plain = sorted_labels({name: text for name, text in labels.items() if text})
    if "name" in point:
        _check(name_fault(point["name"]), "/name")
        return Source(point["name"], plain)
    _check_signal(point["signal"], signals, hints=hints)
    return Source(point["signal"], plain, canonical=True)


def _check(wrong: tuple[str, str] | None, place: str) -> None:
    if wrong is not None:
        raise _BadPoint(*wrong, place)


def _check_signal(signal: str, signals: Mapping[str, Any], *, hints: bool) -> None:
    """The catalogue's names, and any under `business.`, which are the sender's own to give."""
    short = len(signal) <= _LONGEST_SIGNAL
    if signal in signals or (short and _OWN_SIGNAL.fullmatch(signal)):
        return
    close = difflib.get_close_matches(signal, signals, n=1) if hints and short else []
    hint = f" Did you mean {close[0]}?" if close else " GET /api/v1/signals lists them."
    raise _BadPoint("signal.unknown", f"Unknown signal {echo(signal)}.{hint}", "/signal")
