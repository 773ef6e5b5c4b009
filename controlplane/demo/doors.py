"""Readings → the store, by the door that fits: history past the log, the present through it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import numpy as np

from controlplane.demo.noise import Ints
from controlplane.demo.telemetry import Reading
from controlplane.metrics import ingest
from controlplane.metrics.ingest import Offer, Receipt, Run
from controlplane.metrics.registry import Door
from controlplane.metrics.sample import CUMULATIVE, Parsed, Source
from controlplane.metrics.stores.base import Merged
from controlplane.metrics.wire.collect import Collector

RUNS_AT_ONCE = 40  # series in one transaction: bounds its memory and how long it holds the store
_DOOR = Door("own")


def store_history(
    team: int, readings: Sequence[Reading], stamps_ms: Ints, *, decimals: int, now: datetime
) -> Merged:
    """Past values of many series, one for each stamp; what is not finite is left out."""
    total = Merged()
    for first in range(0, len(readings), RUNS_AT_ONCE):
        portion = readings[first : first + RUNS_AT_ONCE]
        runs = [_run(reading, stamps_ms, decimals) for reading in portion]
        total += ingest.backfill(team, [run for run in runs if run.ts_ms.size], now=now)
    return total


def _run(reading: Reading, stamps_ms: Ints, decimals: int) -> Run:
    values = reading.values
    if reading.kind in CUMULATIVE:
        values = np.asarray(np.round(np.cumsum(values), decimals), np.float64)
    finite = np.isfinite(values)
    return Run(
        reading.signal, dict(reading.labels), stamps_ms[finite], values[finite], reading.kind
    )


class Counters:
    """What has been counted since this process began, as an engine counts since its start.

    A restart begins at zero again, which readers of counters take for the reset that it is.
    """

    def __init__(self) -> None:
        self._totals: dict[bytes, float] = {}

    def grown(self, key: bytes, growth: float, decimals: int) -> float:
        total = self._totals[key] = self._totals.get(key, 0.0) + growth
        return round(total, decimals)


class Present:
    """The live world's way in: everybody's door, so that fresh samples wake the engine."""

    def __init__(self) -> None:
        self._counters = Counters()

    def send(
        self, team: int, readings: Iterable[tuple[Reading, int]], *, at: datetime, now: datetime
    ) -> Receipt:
        """The last value of each reading, measured `at`, with the decimals of its counters.

        Raises Overloaded when the store cannot take them now.
        """
        stamp = round(at.timestamp() * 1000)
        values = [
            (_key(reading), reading, self._value(reading, decimals))
            for reading, decimals in readings
        ]

        def parse(known: Mapping[bytes, int]) -> Parsed:
            collector = Collector(known)
            for key, reading, value in values:
                if not np.isfinite(value):
                    continue
                if not collector.known(key):
                    source = Source(reading.signal, reading.labels, reading.kind, canonical=True)
                    collector.introduce(key, source)
                collector.add(key, stamp, value)
            return collector.parsed()

        (outcome,) = ingest.accept_all([Offer(team, _DOOR, parse, now)])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _value(self, reading: Reading, decimals: int) -> float:
        value = float(reading.values[-1])
        if reading.kind not in CUMULATIVE:
            return value
        return self._counters.grown(_key(reading), value, decimals)


def _key(reading: Reading) -> bytes:
    parts = [
        reading.signal,
        reading.kind.value,
        *(text for pair in reading.labels for text in pair),
    ]
    return "\x00".join(parts).encode()
