"""Samples and faults, one at a time → one Parsed. What the three parsers have in common."""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from controlplane.common.errors import Fault
from controlplane.metrics.sample import MAX_SERIES, Floats, Fresh, Ints, Parsed, Source

MAX_FAULTS = 10
ECHO = 200  # characters of a sender's input that an answer may repeat


def echo(text: str) -> str:
    """At most 200 characters of input, with nothing in it that a terminal would act on."""
    short = text[:ECHO] + ("…" if len(text) > ECHO else "")
    return "".join(letter if letter.isprintable() else _spelt(letter) for letter in short)


def _spelt(letter: str) -> str:
    return letter.encode("unicode_escape").decode()


class _New:
    """The samples so far of a series that was not known."""

    __slots__ = ("_pointers", "_source", "_ts", "_values")

    def __init__(self, source: Source) -> None:
        self._source = source
        self._ts: list[int] = []
        self._values: list[float] = []
        self._pointers: list[str] = []

    def add(self, ts_ms: int, value: float, pointer: str) -> None:
        self._ts.append(ts_ms)
        self._values.append(value)
        self._pointers.append(pointer)

    def fresh(self, key: bytes) -> Fresh:
        return Fresh(key, self._source, tuple(self._ts), tuple(self._values), tuple(self._pointers))


class Collector:
    """Gathers what a parser finds. `known` maps a series' key to its slot."""

    def __init__(self, known: Mapping[bytes, int]) -> None:
        self._known = known
        self._slots: list[int] = []
        self._ts: list[int] = []
        self._values: list[float] = []
        self._pointers: list[str] = []
        self._fresh: dict[bytes, _New] = {}
        self._faults: list[Fault] = []
        self._refused: Counter[str] = Counter()

    def known(self, key: bytes) -> bool:
        return key in self._known or key in self._fresh

    def add(self, key: bytes, ts_ms: int, value: float, *, pointer: str = "") -> None:
        """A sample of a series that is known, or was introduced before."""
        slot = self._known.get(key)
        if slot is None:
            self._fresh[key].add(ts_ms, value, pointer)
            return
        self._slots.append(slot)
        self._ts.append(ts_ms)
        self._values.append(value)
        self._pointers.append(pointer)

    def admits(self, *, pointer: str = "", samples: int = 1) -> bool:
        """Whether one more series may be introduced; if not, its samples are refused here.

        More series than a team may have need not even be looked at, let alone be held in memory.
        """
        if len(self._fresh) < MAX_SERIES:
            return True
        message = f"A request may bring {MAX_SERIES} series that were not known."
        self.fault("series.limit", message, pointer=pointer, samples=samples)
        return False

    def introduce(self, key: bytes, source: Source) -> None:
        self._fresh[key] = _New(source)

    @property
    def wordy(self) -> bool:
        """Whether the next fault's words will be read; finding good ones may take a millisecond."""
        return len(self._faults) < MAX_FAULTS

    def fault(self, code: str, message: str, *, pointer: str = "", samples: int = 1) -> None:
        """Something wrong that costs `samples` samples and leaves the rest alone."""
        self._refused[code] += samples
        if self.wordy:
            self._faults.append(Fault(code, message, pointer))

    def parsed(self, fast: tuple[Ints, Ints, Floats] | None = None) -> Parsed:
        """Everything gathered; `fast` are columns that a parser filled by itself."""
        slots = np.array(self._slots, np.int64)
        ts_ms = np.array(self._ts, np.int64)
        values = np.array(self._values, np.float64)
        if fast is not None:
            slots = np.concatenate((fast[0], slots))
            ts_ms = np.concatenate((fast[1], ts_ms))
            values = np.concatenate((fast[2], values))
        fresh = tuple(new.fresh(key) for key, new in self._fresh.items())
        return Parsed(
            slots,
            ts_ms,
            values,
            fresh,
            tuple(self._faults),
            tuple(self._refused.items()),
            tuple(self._pointers),
        )
