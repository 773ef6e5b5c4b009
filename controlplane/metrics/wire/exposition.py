"""A page of Prometheus text or OpenMetrics → samples.

A series' text up to its last space is the key: where it was seen before, a line costs one split,
one look-up and one float. Only new series and lines with a timestamp are parsed in full.
One malformed line refuses the page, because half a page would look like replicas that vanished.

No pattern here can go back over what it has read (`*+`): a page is read in one pass, whatever is
in it. What a page may hold is bounded in lines, in the length of a line and in declared types.
"""

import math
import re
from collections.abc import Mapping
from io import BytesIO

from controlplane.common.errors import Fault, InvalidInput, TooLarge
from controlplane.metrics.sample import (
    MAX_LABELS,
    Kind,
    Parsed,
    Source,
    labels_fault,
    name_fault,
    sorted_labels,
)
from controlplane.metrics.wire.collect import Collector, echo

MAX_SAMPLES = 50_000
MAX_LINES = 250_000  # samples, HELP, TYPE, UNIT and some air
MAX_LINE = 512 * 1024  # bytes; the 64 longest labels that are allowed, every letter escaped
_NUMBER = re.compile(rb"[+-]?(?:\d++\.?\d*+|\.\d++)(?:[eE][+-]?\d++)?|[+-]?[Ii]nf|[Nn]a[Nn]")
_LINE = re.compile(
    r"([A-Za-z_:][A-Za-z0-9_:.]*+)"
    r"(?:[ \t]*+\{((?:[^\"}]++|\"(?:[^\"\\]++|\\.)*+\")*+)\}[ \t]*+|[ \t]++)"
    r"(\S++)(?:[ \t]++([^\s#]\S*+))?[ \t]*+(#.*+)?"
)
_PAIR = re.compile(
    r'[ \t]*+([A-Za-z_][A-Za-z0-9_.]*+)[ \t]*+=[ \t]*+"((?:[^"\\]++|\\.)*+)"[ \t]*+(,[ \t]*+|\Z)'
)
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}
_LONGEST_TS = 20  # digits; more would not be a time, and turning them into an integer is slow
_TYPES = {"counter": Kind.COUNTER, "gauge": Kind.GAUGE, "histogram": Kind.BUCKET}
_PARTS = {"_bucket": Kind.BUCKET, "_sum": Kind.SUM, "_count": Kind.COUNT}


def parse(body: bytes, known: Mapping[bytes, int], *, now_ms: int, openmetrics: bool) -> Parsed:
    """A page → its samples, stamped `now_ms` where a line has no time of its own.

    Raises InvalidInput (`exposition.malformed`, `exposition.truncated`, `text.utf8`, …) or
    TooLarge (`sample.limit`, `page.limit`); then nothing of the page may be used.
    """
    if openmetrics and body.rstrip(b"\r\n").rsplit(b"\n", 1)[-1].rstrip(b"\r") != b"# EOF":
        raise InvalidInput("exposition.truncated", "An OpenMetrics page must end with # EOF.")
    if b"\x00" in body:
        raise InvalidInput("text.nul", "The page holds a NUL character.")
    page = _Page(Collector(known), now_ms, openmetrics)
    count = 0
    for number, line in enumerate(BytesIO(body), start=1):
        if number > MAX_LINES or len(line) > MAX_LINE:
            raise TooLarge(
                "page.limit", f"A page may hold {MAX_LINES} lines of {MAX_LINE} bytes each."
            )
        count += page.take(line.rstrip(b"\r\n"), number)
        if count > MAX_SAMPLES:
            raise TooLarge("sample.limit", f"A page may hold {MAX_SAMPLES} samples.")
    if not count:
        raise InvalidInput("exposition.empty", "The page holds no samples.")
    return page.collector.parsed()


class _Page:
    """What has been read of a page so far: the samples and the declared types."""

    def __init__(self, collector: Collector, now_ms: int, openmetrics: bool) -> None:
        self.collector = collector
        self._now = now_ms
        self._openmetrics = openmetrics
        self._types: dict[str, str] = {}

    def take(self, line: bytes, number: int) -> int:
        """Reads one line; returns how many samples it held, 0 or 1."""
        key, _, value = line.rpartition(b" ")
        try:
            if self.collector.known(key) and _NUMBER.fullmatch(value):
                self.collector.add(key, self._now, _float(value))
                return 1
            stripped = line.strip(b" \t")
            if not stripped or stripped.startswith(b"#"):
                self._comment(stripped)
                return 0
            self._sample(stripped.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise _malformed("text.utf8", "The text is not UTF-8.", number) from error
        except _BadLine as error:
            raise _malformed(error.code, str(error), number) from error
        return 1

    def _comment(self, line: bytes) -> None:
        words = line.split(None, 3)
        if len(words) != 4 or words[1] != b"TYPE":
            return
        if len(self._types) >= MAX_SAMPLES:
            raise TooLarge("sample.limit", f"A page may declare {MAX_SAMPLES} metrics.")
        name, kind = words[2].decode("utf-8", "replace"), words[3].decode("utf-8", "replace")
        self._types[name] = kind.strip()

    def _sample(self, line: str) -> None:
        match = _LINE.fullmatch(line)
        if match is None or (match[5] and not self._openmetrics):
            raise _BadLine("exposition.malformed", f"Cannot read: {echo(line)}")
        name, labels, value, stamp, _ = match.groups()
        end = match.end(1) if labels is None else match.end(2) + 1
        key = line[:end].encode()
        if not _NUMBER.fullmatch(value.encode()):
            raise _BadLine("exposition.malformed", f"Not a number: {echo(value)}")
        at, number = self._stamp(stamp), _float(value.encode())
        if not self.collector.known(key):
            source = self._source(name, labels or "")
            if not self.collector.admits():
                return
            self.collector.introduce(key, source)
        self.collector.add(key, at, number)

    def _stamp(self, text: str | None) -> int:
        """Milliseconds in Prometheus text, seconds in OpenMetrics."""
        if text is None:
            return self._now
        plain = text.removeprefix("-")
        if not self._openmetrics:
            if plain.isascii() and plain.isdigit() and len(plain) < _LONGEST_TS:
                return int(text)
        elif _NUMBER.fullmatch(text.encode()):
            seconds = float(text)
            if math.isfinite(seconds) and abs(seconds) < 1e15:
                return round(seconds * 1000)
        raise _BadLine("ts.range", f"Not a timestamp: {echo(text)}")

    def _source(self, name: str, text: str) -> Source:
        labels = sorted_labels(_labels(text))
        wrong = name_fault(name) or labels_fault(labels)
        if wrong is not None:
            raise _BadLine(*wrong)
        return Source(name, labels, self._kind(name))

    def _kind(self, name: str) -> Kind | None:
        """The kind that a TYPE line declared, for the series itself or for its histogram."""
        for suffix, part in _PARTS.items():
            base = name.removesuffix(suffix)
            declared = self._types.get(base) if base != name else None
            if declared == "histogram":
                return part
            if declared == "summary":
                return Kind.COUNTER
        declared = self._types.get(name) or self._types.get(name.removesuffix("_total"), "")
        return _TYPES.get(declared)


class _BadLine(ValueError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _malformed(code: str, message: str, number: int) -> InvalidInput:
    fault = Fault(code, message, f"/line/{number}")
    return InvalidInput(code, f"Line {number}: {message}", faults=(fault,))


def _float(text: bytes) -> float:
    """A number; one that is too large for a double is refused, as Prometheus refuses it."""
    value = float(text)
    if math.isinf(value) and text[-1:] not in b"fF":
        raise _BadLine("value.range", f"Too large: {echo(text.decode())}")
    return value


def _labels(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at, count = len(text) - len(text.lstrip(" \t")), 0
    while at < len(text):
        match = _PAIR.match(text, at)
        if match is None:
            raise _BadLine("exposition.malformed", f"Cannot read the labels: {echo(text)}")
        if match[1] in found:
            raise _BadLine("labels.duplicate", f"The label {match[1]} comes twice.")
        if match[2]:  # an empty value is the same as no label
            found[match[1]] = re.sub(r"\\.", _unescaped, match[2])
        at, count = match.end(), count + 1
        if count > MAX_LABELS:
            raise _BadLine("label.count", f"A series may have {MAX_LABELS} labels.")
    return found


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0], match[0])
