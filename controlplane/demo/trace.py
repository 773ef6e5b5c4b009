"""A CSV file (or .csv.gz) → a recording on a regular grid, or the line that is wrong and why. Pure.

`timestamp,requests[,input_tokens,output_tokens]` or `timestamp,value`: what was counted in the
interval that begins at `timestamp` (ISO 8601, UTC when it says nothing else, or Unix seconds).
A blank is unknown and stays so; other columns are ignored.
"""

import csv
import gzip
import math
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import numpy as np

from controlplane.common.errors import InvalidInput
from controlplane.demo.noise import Floats

MAX_ROWS = 2_000_000
MAX_LINE = 4096  # characters
MAX_BYTES = 512 * 2**20  # after decompression
LEAST_ROWS = 24
LEAST_SECONDS = 2 * 3600.0
SHORTEST, LONGEST = 1.0, 86400.0  # seconds of an interval
MAX_STEPS = 4_000_000  # of the grid, gaps included
COUNTS = ("requests", "value")
ENCODING = "utf-8-sig"  # with or without a byte order mark
TOKENS = ("input_tokens", "output_tokens")


@dataclass(frozen=True, slots=True)
class Recording:
    """Counts per interval of `step` seconds from Unix time `start` on; all arrays have one shape.

    `counted` says which column `requests` came from. NaN is unknown.
    """

    name: str
    counted: str
    start: float
    step: float
    requests: Floats
    input_tokens: Floats
    output_tokens: Floats

    @property
    def seconds(self) -> float:
        """How long the recording is."""
        return self.step * self.requests.size

    @property
    def mean_rate(self) -> float:
        """Per second, over the intervals that are known."""
        return float(np.nanmean(self.requests)) / self.step


def read(path: Path) -> Recording:
    """The recording in a file. Raises InvalidInput, with the line number where there is one."""
    try:
        with _opened(path) as text:
            return _recording(path.name, csv.reader(_lines(text), strict=True))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _wrong("gzip", f"{path.name} is no complete gzip file: {error}.") from error
    except UnicodeDecodeError as error:
        raise _wrong("text", f"{path.name} is no UTF-8 text; save it as CSV.") from error
    except OSError as error:
        raise _wrong("unreadable", f"{path.name} cannot be read: {error.strerror}.") from error


def _opened(path: Path) -> IO[str]:
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding=ENCODING, newline="")
    return path.open("rt", encoding=ENCODING, newline="")


def _lines(text: IO[str]) -> Iterator[str]:
    """Lines of bounded length, MAX_BYTES in all: a bomb is refused before it is unpacked."""
    total = number = 0
    while line := text.readline(MAX_LINE + 1):
        number += 1
        total += len(line)
        if len(line) > MAX_LINE:
            raise _wrong("line", f"line {number} has over {MAX_LINE} characters.")
        if total > MAX_BYTES:
            raise _wrong("size", f"the file holds over {MAX_BYTES >> 20} MiB; cut it.")
        yield line


def _recording(file: str, rows: Iterator[list[str]]) -> Recording:
    header = [word.strip().lower() for word in _next(rows, 1) or []]
    counted, places = _columns(header)
    times: list[float] = []
    values: list[tuple[float, ...]] = []
    for number, row in enumerate(_each(rows), start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(times) >= MAX_ROWS:
            raise _wrong("size", f"line {number}: more than {MAX_ROWS:,} rows; cut the file.")
        _one(row, number, places, times, values)
    if len(times) < LEAST_ROWS:
        raise _wrong("short", f"{len(times)} rows are too few to replay; {LEAST_ROWS} are needed.")
    return _on_grid(_name(file), counted, np.array(times), np.array(values))


def _each(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    number = 2
    while (row := _next(rows, number)) is not None:
        number += 1
        yield row


def _next(rows: Iterator[list[str]], number: int) -> list[str] | None:
    try:
        return next(rows, None)
    except csv.Error as error:
        raise _wrong("csv", f"line {number} is no CSV: {error}.") from error


def _columns(header: list[str]) -> tuple[str, tuple[int | None, ...]]:
    """The counted column's name, and where timestamp, count and both tokens stand."""
    if not header:
        raise _wrong("empty", "the file is empty; it needs a line timestamp,requests first.")
    twice = {name for name in header if name and header.count(name) > 1}
    if twice:
        raise _wrong("header", f"line 1: {', '.join(sorted(twice))} is there twice.")
    counted = next((name for name in COUNTS if name in header), None)
    if "timestamp" not in header or counted is None:
        raise _wrong(
            "header",
            "line 1 must name the columns timestamp and requests (or value), not"
            f" {', '.join(header)[:120]!r}.",
        )
    places = ("timestamp", counted, *TOKENS)
    return counted, tuple(header.index(name) if name in header else None for name in places)


def _one(
    row: list[str],
    number: int,
    places: tuple[int | None, ...],
    times: list[float],
    values: list[tuple[float, ...]],
) -> None:
    cells = ["" if place is None or place >= len(row) else row[place].strip() for place in places]
    moment = _moment(cells[0], number)
    if times and moment <= times[-1]:
        raise _wrong("order", f"line {number}: {cells[0]!r} is not after the line before it.")
    times.append(moment)
    values.append(tuple(_count(cell, number) for cell in cells[1:]))


def _moment(cell: str, number: int) -> float:
    try:
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?", cell):
            return float(cell)
        moment = datetime.fromisoformat(cell)
    except ValueError as error:
        raise _wrong(
            "timestamp",
            f"line {number}: {cell[:40]!r} is no time; write 2026-01-31T08:00:00Z or Unix seconds.",
        ) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _count(cell: str, number: int) -> float:
    if not cell:
        return math.nan
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise _wrong(
            "value", f"line {number}: {cell[:40]!r} is no count; leave unknown ones blank."
        )
    return value


def _on_grid(name: str, counted: str, times: Floats, values: Floats) -> Recording:
    """The rows on a grid of the usual interval; what is not there is unknown."""
    step = float(np.median(np.diff(times)))
    if not SHORTEST <= step <= LONGEST:
        raise _wrong("step", f"rows are {step:g} s apart; 1 s to one day can be replayed.")
    places = (times - times[0]) / step
    slots = np.rint(places).astype(np.int64)
    odd = np.flatnonzero(np.abs(places - slots) > 0.01)
    if odd.size:
        apart = times[odd[0]] - times[odd[0] - 1]
        raise _wrong(
            "step",
            f"row {odd[0] + 1} is {apart:g} s after the one before it, which does not fit the"
            f" usual {step:g} s.",
        )
    if slots[-1] >= MAX_STEPS:
        raise _wrong("size", f"it spans over {MAX_STEPS:,} intervals of {step:g} s; cut the file.")
    if step * (slots[-1] + 1) < LEAST_SECONDS:
        raise _wrong("short", f"it spans {step * (slots[-1] + 1):g} s; two hours are needed.")
    grid = np.full((slots[-1] + 1, 3), np.nan)
    grid[slots] = values
    requests, prompts, answers = grid.T
    if not np.isfinite(requests).any() and np.isfinite(prompts).any():
        counted, requests = "input_tokens", prompts
    if not np.nansum(requests) > 0:
        raise _wrong("empty", "no interval holds a count above zero.")
    return Recording(name, counted, float(times[0]), step, requests, prompts, answers)


def _name(file: str) -> str:
    """A workload's name from a file's: lower case, dashes, 63 characters at most."""
    stem = re.sub(r"(\.csv)?(\.gz)?$", "", file.lower())
    plain = re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:63].strip("-")
    return plain or "trace"


def _wrong(code: str, detail: str) -> InvalidInput:
    return InvalidInput(f"trace.{code}", f"The trace cannot be replayed: {detail}", status=422)
