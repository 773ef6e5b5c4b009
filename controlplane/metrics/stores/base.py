"""The port: samples in, samples out, whatever keeps them.

The contract, which tests/contracts/test_metric_store.py holds every store to:

* `register` gives each identity a positive id, the same one in every process, until `retain`
  forgets a series of which nothing is left.
* `append` is durable when it returns, and nothing of it is when it raises.
* Samples may come in any order and more than once. Of several with one (series, timestamp) the
  first stays; `compact` counts the others as duplicates (equal) or conflicts (different).
* `read` sees everything that was appended, compacted or not, sorted and unique. Non-finite values
  come back with their bits: what they mean is the reader's business.
* A reader that also wants receive times takes the `tail` first, then the rows, then the samples:
  what a compaction moves in between is then seen twice, never not at all.
* `compact`, `retain` and `backfill` may run in several processes at once, and a crash in the
  middle loses nothing and doubles nothing.
* A store that cannot write now raises `common.errors.Overloaded`: try again later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np

from controlplane.metrics.sample import Columns, Floats, Identity, Ints, Kind

Matcher = Mapping[str, str]
Points = tuple[Ints, Floats]  # timestamps in ms, ascending and unique, and their values


@dataclass(frozen=True, slots=True)
class Pending:
    """Samples of one request that wait to be made durable."""

    team: int
    columns: Columns
    received_at: datetime


@dataclass(frozen=True, slots=True)
class StoredSeries:
    """A series as it is stored, and the newest sample it had."""

    id: int
    signal: str
    kind: Kind
    labels: dict[str, str]
    source: str
    last_ms: int | None = None
    received_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Tail:
    """Samples that are not compacted yet, in order of arrival, and when (ms) each was received."""

    columns: Columns
    received_ms: Ints

    def heard(self) -> dict[int, int]:
        """Series → when (ms) a sample of it was last received."""
        # Receive times rise with the order of arrival, so the last one of a series stays.
        return dict(zip(self.columns.series.tolist(), self.received_ms.tolist(), strict=True))

    def of(self, series: Sequence[int]) -> "Tail":
        """The part of it that concerns these series."""
        keep = np.isin(self.columns.series, np.asarray(series, np.int64))
        return Tail(
            Columns(self.columns.series[keep], self.columns.ts_ms[keep], self.columns.values[keep]),
            self.received_ms[keep],
        )


def holds(labels: Mapping[str, str], want: Matcher) -> bool:
    """Whether these labels hold every pair of a matcher."""
    return all(labels.get(name) == value for name, value in want.items())


@dataclass(frozen=True, slots=True)
class Merged:
    """What a compaction or a backfill did: samples stored, and those that were there already."""

    samples: int = 0
    duplicates: int = 0
    conflicts: int = 0

    def __add__(self, other: "Merged") -> "Merged":
        return Merged(
            self.samples + other.samples,
            self.duplicates + other.duplicates,
            self.conflicts + other.conflicts,
        )


class MetricStore(Protocol):
    """See the module's text for what each promises."""

    def register(self, team: int, identities: Sequence[Identity], *, now: datetime) -> list[int]:
        """The ids of these identities, in their order; rows are made for new ones."""

    def touch(self, team: int, series: Sequence[int], *, now: datetime) -> set[int]:
        """Which of these are still kept, for series that were silent for long and speak again.

        They then count as received `now`, so that `retain` does not take them for gone while
        their samples are on their way.
        """

    def append(self, pending: Sequence[Pending]) -> None:
        """Make every request durable, all together. Raises Overloaded."""

    def find(
        self,
        team: int,
        signals: Sequence[str] | None = None,
        any_of: Sequence[Matcher] | None = None,
    ) -> tuple[StoredSeries, ...]:
        """The team's series of these signals whose labels hold every pair of at least one matcher;
        None asks for all signals, or for all labels.
        """

    def tail(self, team: int, *, start_ms: int, end_ms: int) -> Tail:
        """What is not compacted yet and may lie in the span."""

    def read(
        self,
        team: int,
        series: Sequence[int],
        *,
        start_ms: int,
        end_ms: int,
        tail: Tail | None = None,
    ) -> dict[int, Points]:
        """Samples with start_ms <= timestamp < end_ms; series without any are left out.

        `tail` is one that was taken before, for this span or a wider one.
        """

    def backfill(self, team: int, columns: Columns, *, now: datetime) -> Merged:
        """Store old samples beside what is there, past the log."""

    def compact(self, *, now: datetime, force: bool = False) -> Merged:
        """Move what the log has held for long enough (everything, with `force`) into chunks."""

    def retain(self, *, before_ms: int) -> int:
        """Drop chunks that end before `before_ms`, and series that have none left and were not
        heard since; returns how many samples went.
        """
