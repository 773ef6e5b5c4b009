"""One protobuf TimeSeries → its labels and samples: the general parser, field by field."""

import struct

from controlplane.common.errors import Fault, InvalidInput
from controlplane.metrics.sample import (
    MAX_LABELS,
    MAX_POINTS,
    Labels,
    Source,
    labels_fault,
    name_fault,
)
from controlplane.metrics.wire.collect import Collector, echo
from controlplane.metrics.wire.varint import BadVarint, varint

_DOUBLE = struct.Struct("<d")
_FIXED = {1: 8, 5: 4}  # wire type → length
_LABEL, _SAMPLE, _EXEMPLAR = 1, 2, 3


def parse(frame: bytes, collector: Collector) -> None:
    """Adds the series' samples to `collector`, or the reason why not.

    Raises InvalidInput when the bytes are no message at all: then nothing of the request can be
    trusted.
    """
    try:
        fields = _fields(frame)
        labels = [_label(frame[start:end]) for number, start, end in fields if number == _LABEL]
        samples = [_sample(frame[start:end]) for number, start, end in fields if number == _SAMPLE]
    except (BadVarint, struct.error) as error:
        raise InvalidInput("proto.corrupt", "A time series in the body cannot be read.") from error
    others = sum(number > _EXEMPLAR for number, _, _ in fields)
    if others:
        collector.fault(
            "histogram.unsupported",
            "Native histograms are not read; send classic ones.",
            samples=others,
        )
    _take(_key(frame, fields), labels, samples, collector)


def _take(
    key: bytes,
    raw: list[tuple[bytes, bytes]],
    samples: list[tuple[int, float]],
    collector: Collector,
) -> None:
    if not collector.known(key):
        found = _source(raw)
        if isinstance(found, Fault):
            collector.fault(found.code, found.message, samples=max(1, len(samples)))
            return
        if not samples or not collector.admits(samples=len(samples)):
            return
        collector.introduce(key, found)
    for ts_ms, value in samples:
        collector.add(key, ts_ms, value)


def _key(frame: bytes, fields: list[tuple[int, int, int]]) -> bytes:
    """The bytes of the labels, as the fast path will slice them: they come first and together."""
    end = 0
    for number, _, stop in fields:
        if number != _LABEL:
            break
        end = stop
    later = [
        frame[start:stop] for number, start, stop in fields if number == _LABEL and start > end
    ]
    return frame[:end] + (b"\xff" + b"\xff".join(later) if later else b"")


def _source(raw: list[tuple[bytes, bytes]]) -> Source | Fault:
    """Label bytes → a source, or what is wrong with them."""
    if len(raw) > MAX_LABELS + 1:
        return Fault("label.count", f"A series may have {MAX_LABELS} labels.")
    try:
        labels = [(name.decode(), value.decode()) for name, value in raw]
    except UnicodeDecodeError:
        return Fault("text.utf8", "A label is not UTF-8.")
    names = [name for name, _ in labels]
    wrong = _order_fault(labels, names)
    if wrong is not None:
        return Fault(*wrong)
    rest: Labels = tuple(pair for pair in labels if pair[0] != "__name__")
    name = dict(labels)["__name__"]
    problem = name_fault(name) or labels_fault(rest)
    return Fault(*problem) if problem else Source(name, rest)


def _order_fault(labels: list[tuple[str, str]], names: list[str]) -> tuple[str, str] | None:
    if any(not name or not value for name, value in labels):
        return "labels.empty", "A label has an empty name or an empty value."
    if len(set(names)) < len(names):
        return "labels.duplicate", f"A label name comes twice: {echo(', '.join(sorted(names)))}"
    if "__name__" not in names:
        return "labels.name", "A series has no __name__."
    if names != sorted(names):
        return "labels.order", f"Labels must be sorted by name: {echo(', '.join(names))}"
    return None


def _fields(data: bytes) -> list[tuple[int, int, int]]:
    """(number, start, end) of every length-delimited field; others are stepped over."""
    found: list[tuple[int, int, int]] = []
    at = 0
    while at < len(data):
        tag, start = varint(data, at)
        at = skip(data, at)
        if tag & 7 == 2:
            _, start = varint(data, start)
            found.append((tag >> 3, start, at))
        if len(found) > MAX_POINTS + MAX_LABELS:
            raise InvalidInput("proto.sample_count", f"A request may hold {MAX_POINTS} samples.")
    return found


def skip(data: bytes, at: int) -> int:
    """The index after the field that starts at `at`. Raises BadVarint when there is none."""
    tag, at = varint(data, at)
    kind = tag & 7
    if tag >> 3 == 0:
        raise BadVarint("field number 0")
    if kind == 0:
        _, at = varint(data, at)
    elif kind == 2:
        length, at = varint(data, at)
        at += length
    elif kind in _FIXED:
        at += _FIXED[kind]
    else:
        raise BadVarint("groups are not used by this protocol")
    if at > len(data):
        raise BadVarint("a field ends after the message")
    return at


def _label(data: bytes) -> tuple[bytes, bytes]:
    name = value = b""
    for number, start, end in _fields(data):
        if number == 1:
            name = data[start:end]
        elif number == 2:
            value = data[start:end]
    return name, value


def _sample(data: bytes) -> tuple[int, float]:
    """(timestamp in ms, value); a field that is left out is zero."""
    ts_ms, value, at = 0, 0.0, 0
    while at < len(data):
        tag, start = varint(data, at)
        at = skip(data, at)
        if tag == 0x09:
            (value,) = _DOUBLE.unpack_from(data, start)
        elif tag == 0x10:
            unsigned, _ = varint(data, start)
            ts_ms = unsigned - (1 << 64) if unsigned >> 63 else unsigned
    return ts_ms, value
