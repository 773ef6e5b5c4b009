"""A page of Prometheus text or OpenMetrics → samples.

A series' text up to its last space is the key: where it was seen before, a line costs one split,
one look-up and one float. Only new series and lines with a timestamp are parsed in full.
One malformed line refuses the page, because half a page would look like replicas that vanished.
"""

import math
import re
from collections.abc import Mapping

from controlplane.common.errors import Fault, InvalidInput, TooLarge
from controlplane.metrics.sample import Kind, Parsed, Source, labels_fault, sorted_labels
from controlplane.metrics.wire.collect import Collector, echo

MAX_SAMPLES = 50_000
_SERIES = re.compile(r"([A-Za-z_:][A-Za-z0-9_:.]*)[ \t]*(?:\{(.*)\})?")
_PAIR = re.compile(r'[ \t]*([A-Za-z_][A-Za-z0-9_.]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(,|$)')
_NUMBER = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?[Ii]nf|[Nn]a[Nn]")
_LINE = re.compile(
    r"([A-Za-z_:][A-Za-z0-9_:.]*[ \t]*(?:\{(?:[^\"}]|\"(?:[^\"\\]|\\.)*\")*\})?)"
    r"[ \t]+(\S+)(?:[ \t]+(\S+))?[ \t]*(?:#.*)?"
)
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}
_LONGEST_TS = 20  # digits; more would not be a time, and turning them into an integer is slow
_TYPES = {"counter": Kind.COUNTER, "gauge": Kind.GAUGE, "histogram": Kind.BUCKET}
_PARTS = {"_bucket": Kind.BUCKET, "_sum": Kind.SUM, "_count": Kind.COUNT}


def parse(body: bytes, known: Mapping[bytes, int], *, now_ms: int, openmetrics: bool) -> Parsed:
    """A page → its samples, stamped `now_ms` where a line has no time of its own.

    Raises InvalidInput (`exposition.malformed`, `exposition.truncated`, `text.utf8`, …) or
    TooLarge (`sample.limit`); then nothing of the page may be used.
    """
    if openmetrics and body.rstrip(b"\r\n").rsplit(b"\n", 1)[-1] != b"# EOF":
        raise InvalidInput("exposition.truncated", "An OpenMetrics page must end with # EOF.")
    if b"\x00" in body:
        raise InvalidInput("text.nul", "The page holds a NUL character.")
    page = _Page(Collector(known), now_ms, openmetrics)
    count = 0
    for number, line in enumerate(body.split(b"\n"), start=1):
        count += page.take(line, number)
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
        self._seconds = openmetrics
        self._types: dict[str, str] = {}

    def take(self, line: bytes, number: int) -> int:
        """Reads one line; returns how many samples it held, 0 or 1."""
        key, _, number_text = line.rpartition(b" ")
        if self.collector.known(key) and _NUMBER.fullmatch(number_text):
            self.collector.add(key, self._now, float(number_text))
            return 1
        stripped = line.strip()
        if not stripped or stripped.startswith(b"#"):
            self._comment(stripped)
            return 0
        try:
            self._sample(stripped.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise _malformed("text.utf8", "The text is not UTF-8.", number) from error
        except _BadLine as error:
            raise _malformed(error.code, str(error), number) from error
        return 1

    def _comment(self, line: bytes) -> None:
        words = line.split(None, 3)
        if len(words) == 4 and words[1] == b"TYPE":
            name, kind = words[2].decode("utf-8", "replace"), words[3].decode("utf-8", "replace")
            self._types[name] = kind.strip()

    def _sample(self, line: str) -> None:
        match = _LINE.fullmatch(line)
        if match is None:
            raise _BadLine("exposition.malformed", f"Cannot read: {echo(line)}")
        series, value, stamp = match.groups()
        key = series.encode()
        if not _NUMBER.fullmatch(value.encode()):
            raise _BadLine("exposition.malformed", f"Not a number: {echo(value)}")
        if not self.collector.known(key):
            self.collector.introduce(key, self._source(series))
        self.collector.add(key, self._stamp(stamp), float(value))

    def _stamp(self, text: str | None) -> int:
        """Milliseconds in Prometheus text, seconds in OpenMetrics."""
        if text is None:
            return self._now
        plain = text.removeprefix("-")
        if not self._seconds and plain.isascii() and plain.isdigit() and len(plain) < _LONGEST_TS:
            return int(text)
        if self._seconds and _NUMBER.fullmatch(text.encode()):
            seconds = float(text)
            if math.isfinite(seconds) and abs(seconds) < 1e15:
                return round(seconds * 1000)
        raise _BadLine("ts.range", f"Not a timestamp: {echo(text)}")

    def _source(self, series: str) -> Source:
        match = _SERIES.fullmatch(series)
        if match is None:
            raise _BadLine("exposition.malformed", f"Cannot read: {echo(series)}")
        labels = sorted_labels(_labels(match[2] or ""))
        wrong = labels_fault(labels)
        if wrong is not None:
            raise _BadLine(*wrong)
        return Source(match[1], labels, self._kind(match[1]))

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


def _labels(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while text[at:].strip():
        match = _PAIR.match(text, at)
        if match is None:
            raise _BadLine("exposition.malformed", f"Cannot read the labels: {echo(text)}")
        if match[1] in found:
            raise _BadLine("labels.duplicate", f"The label {match[1]} comes twice.")
        if match[2]:  # an empty value is the same as no label
            found[match[1]] = re.sub(r"\\.", _unescaped, match[2])
        at = match.end()
    return found


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0], match[0])
