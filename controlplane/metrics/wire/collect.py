"""Samples and faults, one at a time → one Parsed. What the three parsers have in common."""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from controlplane.common.errors import Fault
from controlplane.metrics.sample import Floats, Fresh, Ints, Parsed, Source

MAX_FAULTS = 10
ECHO = 200  # characters of a sender's input that an answer may repeat


def echo(text: str) -> str:
    """At most 200 characters of input, with nothing in it that a terminal would act on."""
    short = text[:ECHO] + ("…" if len(text) > ECHO else "")
    return short.encode("ascii", "backslashreplace").decode() if not short.isprintable() else short


class Collector:
    """Gathers what a parser finds. `known` maps a series' key to its slot."""

    def __init__(self, known: Mapping[bytes, int]) -> None:
        self._known = known
        self._slots: list[int] = []
        self._ts: list[int] = []
        self._values: list[float] = []
        self._pointers: list[str] = []
        self._fresh: dict[bytes, tuple[Source, list[int], list[float], str]] = {}
        self._faults: list[Fault] = []
        self._refused: Counter[str] = Counter()

    def known(self, key: bytes) -> bool:
        return key in self._known or key in self._fresh

    def add(self, key: bytes, ts_ms: int, value: float, *, pointer: str = "") -> None:
        """A sample of a series that is known, or was introduced before."""
        slot = self._known.get(key)
        if slot is None:
            _, times, values, _ = self._fresh[key]
            times.append(ts_ms)
            values.append(value)
            return
        self._slots.append(slot)
        self._ts.append(ts_ms)
        self._values.append(value)
        self._pointers.append(pointer)

    def introduce(self, key: bytes, source: Source, *, pointer: str = "") -> None:
        self._fresh[key] = (source, [], [], pointer)

    def fault(self, code: str, message: str, *, pointer: str = "", samples: int = 1) -> None:
        """Something wrong that costs `samples` samples and leaves the rest alone."""
        self._refused[code] += samples
        if len(self._faults) < MAX_FAULTS:
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
        fresh = tuple(
            Fresh(key, source, tuple(times), tuple(points), pointer)
            for key, (source, times, points, pointer) in self._fresh.items()
        )
        return Parsed(
            slots,
            ts_ms,
            values,
            fresh,
            tuple(self._faults),
            tuple(self._refused.items()),
            tuple(self._pointers),
        )
