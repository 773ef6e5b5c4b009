"""What a sample, a series and a parsed request are → the pure types every stage hands on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from controlplane.common.errors import Fault

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Labels = tuple[tuple[str, str], ...]

MAX_POINTS = 100_000
MAX_LABELS = 64
MAX_LABEL_NAME = 256  # bytes
MAX_LABEL_VALUE = 4096  # bytes
MAX_SERIES = 10_000  # live series a team may have
LATE = timedelta(hours=1)  # how far behind its series' newest sample one may arrive
AHEAD = timedelta(minutes=10)  # how far a sender's clock may run before ours
STALE_BITS = 0x7FF0_0000_0000_0002  # Prometheus' "this series has ended"

OWN = ("source", "tidewise")  # replicas as we saw them: they are billed, so nobody may send them

_LABEL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_METRIC_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:.]*")


class Kind(StrEnum):
    """How a series' values are to be read."""

    GAUGE = "gauge"
    COUNTER = "counter"  # cumulative; read as its rate
    COMPLEMENT = "complement"  # cumulative; read as 1 - rate (idle processor time)
    BUCKET = "bucket"  # cumulative count of one histogram bucket, label `le`
    SUM = "sum"  # a histogram's cumulative sum
    COUNT = "count"  # a histogram's cumulative count


CUMULATIVE = frozenset(Kind) - {Kind.GAUGE}


@dataclass(frozen=True, slots=True)
class Source:
    """A series as its sender names it.

    `canonical` says that `name` is one of our signals already; otherwise it is a Prometheus name
    that the mappings look up. `kind` is what the sender declared, None when it did not.
    """

    name: str
    labels: Labels  # sorted by name, without __name__
    kind: Kind | None = None
    canonical: bool = False

    def label(self, name: str) -> str:
        return dict(self.labels).get(name, "")


@dataclass(frozen=True, slots=True)
class Fresh:
    """Samples of a series whose key was not known, with everything needed to make it known."""

    key: bytes
    source: Source
    ts_ms: tuple[int, ...]
    values: tuple[float, ...]
    pointers: tuple[str, ...] = ()  # where each sample stood, when the format can say


def _no_ints() -> Ints:
    return np.zeros(0, np.int64)


def _no_floats() -> Floats:
    return np.zeros(0, np.float64)


@dataclass(frozen=True, slots=True)
class Parsed:
    """One request: samples of known series as columns, the others in full, and what was wrong.

    `slots`, `ts_ms` and `values` have one shape, (n,); a slot is what the caller's `known`
    mapping gave for the series' key. `refused` counts the samples that were lost, by code;
    `faults` describes the first ten. `pointers` says where each of the last samples stood, when
    the format can say.
    """

    slots: Ints = field(default_factory=_no_ints)
    ts_ms: Ints = field(default_factory=_no_ints)
    values: Floats = field(default_factory=_no_floats)
    fresh: tuple[Fresh, ...] = ()
    faults: tuple[Fault, ...] = ()
    refused: tuple[tuple[str, int], ...] = ()
    pointers: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Samples that could be read."""
        return int(self.slots.size) + sum(len(one.ts_ms) for one in self.fresh)

    @property
    def rejected(self) -> int:
        """Samples that could not be."""
        return sum(count for _, count in self.refused)


@dataclass(frozen=True, slots=True)
class Identity:
    """What one stored series is; two with equal identity are the same series."""

    signal: str
    kind: Kind
    labels: Labels
    source: str  # the name it was sent under, not part of the identity

    def key(self) -> bytes:
        """Canonical bytes: equal exactly when signal, kind and labels are."""
        parts = [self.signal, self.kind.value]
        for name, value in self.labels:
            parts += (name, value)
        return "\x00".join(parts).encode()


@dataclass(frozen=True, slots=True)
class Columns:
    """Samples by stored series id; three arrays of one shape, in order of arrival."""

    series: Ints
    ts_ms: Ints
    values: Floats

    def __len__(self) -> int:
        return int(self.series.size)


def sorted_labels(labels: Mapping[str, str]) -> Labels:
    return tuple(sorted(labels.items()))


def name_fault(name: str) -> tuple[str, str] | None:
    """(code, sentence) when a metric name is not one."""
    if "\x00" in name:
        return "text.nul", "A metric name holds a NUL character."
    if len(name.encode(errors="replace")) > MAX_LABEL_NAME or not _METRIC_NAME.fullmatch(name):
        return "name.invalid", "A metric name is up to 256 of letters, digits, _ : and dots."
    return None


def labels_fault(labels: Labels) -> tuple[str, str] | None:
    """(code, sentence) for the first thing wrong with a label set, or None."""
    if len(labels) > MAX_LABELS:
        return "label.count", f"A series may have {MAX_LABELS} labels; this one has {len(labels)}."
    for name, value in labels:
        fault = _label_fault(name, value)
        if fault is not None:
            return fault
    plain = {name.replace(".", "_") for name, _ in labels}
    if len(plain) < len(labels):
        return "label.collision", "Two label names differ only by '.' and '_'; rename one."
    return None


def _label_fault(name: str, value: str) -> tuple[str, str] | None:
    if "\x00" in name or "\x00" in value:
        return "text.nul", "A label holds a NUL character."
    if len(name.encode(errors="replace")) > MAX_LABEL_NAME:
        return "label.length", f"A label name may have {MAX_LABEL_NAME} bytes."
    if not _LABEL_NAME.fullmatch(name):
        return (
            "label.name",
            "A label name is letters, digits, _ and dots, not starting with a digit.",
        )
    if len(value.encode(errors="replace")) > MAX_LABEL_VALUE:
        return "label.length", f"A label value may have {MAX_LABEL_VALUE} bytes."
    if (name, value) == OWN:
        return "label.reserved", 'source="tidewise" marks what Tidewise measured; send another.'
    return None
