"""Sorted samples of many series ↔ bytes, exact to the last bit, about one byte a sample.

Layout, before zstd: a header, the first timestamp, then byte planes. Timestamps are differences
of differences; values are decimal-scaled integers (12.25 is 1225 at two decimals), their
differences zig-zagged into the narrowest width. Values that no power of ten turns into integers
are kept as the XOR of neighbouring doubles. NaN and infinities are kept apart with their bits, so
that one "series ended" marker does not spoil a chunk.

Whatever can be is done for all series at once: one by one, numpy's overhead is most of the time.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import cramjam
import numpy as np
from numpy.typing import NDArray

from controlplane.metrics.sample import Columns, Floats, Ints

_HEADER = struct.Struct("<BBBBIIq")  # version, mode or decimals, widths, count, specials, first
_PACKED, _PLAIN = 1, 2  # versions: with zstd and without
_XOR = 255  # in the place of the number of decimals
_DECIMALS = np.array([10.0**power for power in range(10)])
_WIDTHS = np.array([0, 1, 2, 4, 8])
_LARGEST = np.array([0, 0xFF, 0xFFFF, 0xFFFF_FFFF], np.uint64)  # of the widths below 8
_EXACT = 2.0**53  # above this a double no longer holds every integer
_ZSTD_LEVEL = 1
_MOST = 1_000_000  # samples; damage must not be able to ask for all the memory there is

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]
Mask = NDArray[np.bool_]


class BadChunk(ValueError):
    """Stored bytes that are not what `encode` wrote."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One chunk's parts, checked to be as long as they must be."""

    mode: int
    count: int
    first: int  # timestamp
    times: Bytes  # planes, shape (width, count)
    values: Bytes
    marks: Ints  # where values are that are no numbers
    marked: Floats


def encode(ts_ms: Ints, values: Floats) -> bytes:
    """Arrays of one shape (n,), timestamps ascending → bytes."""
    if not ts_ms.size:
        return _HEADER.pack(_PLAIN, 0, 0, 0, 0, 0, 0)
    (payload,) = encode_all(ts_ms, values, np.array([0, ts_ms.size]))
    return payload


def encode_all(ts_ms: Ints, values: Floats, cuts: Ints, *, pack_from: int = 0) -> list[bytes]:
    """The stretches between `cuts` (k + 1,), none empty, each as a chunk of its own.

    Chunks of fewer than `pack_from` samples are left without zstd: they are soon written anew.
    """
    starts = cuts[:-1]
    special = ~np.isfinite(values)
    modes, words = _value_words(_carried(values, special, starts), cuts)
    times = _zigzag(_steps(_steps(ts_ms, starts, own=False), starts, own=False))
    widths = _widths(times, starts), _widths(words, starts)
    planes = _bytes(times), _bytes(words)
    rows = zip(
        starts.tolist(),
        cuts[1:].tolist(),
        modes.tolist(),
        *(part.tolist() for part in widths),
        ts_ms[starts].tolist(),
        np.add.reduceat(special, starts, dtype=np.int64).tolist(),
        strict=True,
    )
    payloads = []
    for start, end, mode, wide_t, wide_v, first, marks in rows:
        body = planes[0][start:end, :wide_t].T.tobytes() + planes[1][start:end, :wide_v].T.tobytes()
        if marks:
            at = np.flatnonzero(special[start:end])
            body += at.astype("<u4").tobytes() + values[start:end][at].astype("<f8").tobytes()
        version = _PACKED if end - start >= pack_from else _PLAIN
        if version == _PACKED:
            body = bytes(cramjam.zstd.compress(body, level=_ZSTD_LEVEL))
        head = _HEADER.pack(version, mode, wide_t, wide_v, end - start, marks, first)
        payloads.append(head + body)
    return payloads


def decode(payload: bytes) -> tuple[Ints, Floats]:
    """What `encode` was given. Raises BadChunk for anything else."""
    return decode_all([opened(payload)])


def opened(payload: bytes) -> Opened:
    """A chunk's parts. Raises BadChunk for bytes that are no chunk."""
    try:
        version, mode, wide_t, wide_v, count, marks, first = _HEADER.unpack_from(payload)
        body = _body(version, payload)
    except (struct.error, cramjam.DecompressionError) as error:
        raise BadChunk("a stored chunk cannot be read") from error
    cut, end = count * wide_t, count * (wide_t + wide_v)
    if count > _MOST or len(body) != end + 12 * marks:
        raise BadChunk("a stored chunk has the wrong length")
    if wide_t not in _WIDTHS or wide_v not in _WIDTHS:
        raise BadChunk("a stored chunk names an unknown width")
    if mode != _XOR and mode >= len(_DECIMALS):
        raise BadChunk("a stored chunk names an unknown value mode")
    whole = np.frombuffer(body, np.uint8)
    at = np.frombuffer(body, "<u4", marks, end).astype(np.int64)
    if marks and int(at.max()) >= count:
        raise BadChunk("a stored chunk has a value that it has no place for")
    return Opened(
        mode,
        count,
        first,
        whole[:cut].reshape(wide_t, count),
        whole[cut:end].reshape(wide_v, count),
        at,
        np.frombuffer(body, "<f8", marks, end + 4 * marks),
    )


def _body(version: int, payload: bytes) -> bytes:
    tail = memoryview(payload)[_HEADER.size :]
    if version == _PACKED:
        return bytes(cramjam.zstd.decompress(tail))
    if version == _PLAIN:
        return bytes(tail)
    raise BadChunk("a stored chunk has an unknown version")


def decode_all(chunks: Sequence[Opened]) -> tuple[Ints, Floats]:
    """The samples of several chunks, one after the other."""
    counts = np.array([one.count for one in chunks], np.int64)
    cuts = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
    times, words = np.zeros((2, int(cuts[-1]), 8), np.uint8)
    for start, end, one in zip(cuts[:-1].tolist(), cuts[1:].tolist(), chunks, strict=True):
        times[start:end, : len(one.times)] = one.times.T
        words[start:end, : len(one.values)] = one.values.T
    steps = _sums(_unzigzag(_words(times)), cuts)
    firsts = np.array([one.first for one in chunks], np.int64)
    ts_ms = np.repeat(firsts, counts) + _sums(steps, cuts)
    values = _values(np.array([one.mode for one in chunks], np.int64), _words(words), cuts)
    for start, one in zip(cuts[:-1].tolist(), chunks, strict=True):
        if one.marks.size:
            values[start + one.marks] = one.marked
    return ts_ms, values


def encode_columns(columns: Columns) -> bytes:
    """A whole request, in order of arrival → bytes for the batch log."""
    base = int(columns.ts_ms.min()) if len(columns) else 0
    start = np.zeros(1, np.int64)
    planes, widths = [], []
    for words in (
        _zigzag(np.diff(columns.series, prepend=np.int64(0))),
        (columns.ts_ms - base).astype(np.uint64),
        columns.values.view(np.uint64),
    ):
        width = int(_widths(words, start)[0]) if len(columns) else 0
        planes.append(_bytes(words)[:, :width].T.tobytes())
        widths.append(width)
    header = _HEADER.pack(_PACKED, *widths, len(columns), 0, base)
    return header + bytes(cramjam.zstd.compress(b"".join(planes), level=_ZSTD_LEVEL))


def decode_columns(payload: bytes) -> Columns:
    """What `encode_columns` was given. Raises BadChunk for anything else."""
    try:
        version, *widths, count, _, base = _HEADER.unpack_from(payload)
        body = _body(version, payload)
    except (struct.error, cramjam.DecompressionError) as error:
        raise BadChunk("a stored batch cannot be read") from error
    if count > _MOST or len(body) != count * sum(widths) or not set(widths) <= {0, 1, 2, 4, 8}:
        raise BadChunk("a stored batch has the wrong length")
    words, start = np.zeros((3, count, 8), np.uint8), 0
    for column, width in enumerate(widths):
        part = np.frombuffer(body, np.uint8, count * width, start)
        words[column, :, :width] = part.reshape(width, count).T
        start += count * width
    series = np.cumsum(_unzigzag(_words(words[0])))
    return Columns(
        series, _words(words[1]).astype(np.int64) + base, _words(words[2]).view(np.float64)
    )


def _carried(values: Floats, special: Mask, starts: Ints) -> Floats:
    """Special values replaced by their neighbour on the left, so that they cost nothing."""
    if not special.any():
        return values
    filled = np.where(special, 0.0, values)
    begins = np.repeat(starts, np.diff(np.append(starts, values.size)))
    keep = np.where(special, begins, np.arange(values.size))
    return np.asarray(filled[np.maximum.accumulate(keep)])


def _value_words(values: Floats, cuts: Ints) -> tuple[Ints, Words]:
    """Each stretch's mode, and its words."""
    starts, counts = cuts[:-1], np.diff(cuts)
    decimals = _decimals(values, cuts)
    modes = np.where(decimals < 0, _XOR, decimals)
    plain = np.repeat(decimals >= 0, counts)
    factors = np.repeat(_DECIMALS[np.maximum(decimals, 0)], counts)
    whole = np.rint(np.where(plain, values * np.where(plain, factors, 0.0), 0.0)).astype(np.int64)
    words = _zigzag(_steps(whole, starts, own=True))
    if plain.all():
        return modes, words
    bits = values.view(np.uint64)
    before = np.concatenate((bits[:1], bits[:-1]))
    before[starts] = 0
    return modes, np.where(plain, words, bits ^ before)


def _decimals(values: Floats, cuts: Ints) -> Ints:
    """The fewest decimals that write every value of a stretch exactly; -1 where none do.

    A power is tried on a stretch's first value before it is tried on all of them.
    """
    found = np.full(cuts.size - 1, -1, np.int64)
    for power, factor in enumerate(_DECIMALS):
        trying = np.flatnonzero(found < 0)
        trying = trying[_exact(values[cuts[trying]], factor)]
        if not trying.size:
            continue
        counts = cuts[trying + 1] - cuts[trying]
        begins = np.cumsum(counts) - counts
        members = np.repeat(cuts[trying] - begins, counts) + np.arange(int(counts.sum()))
        fits = np.logical_and.reduceat(_exact(values[members], factor), begins)
        found[trying[fits]] = power
    return found


def _exact(values: Floats, factor: float) -> Mask:
    with np.errstate(over="ignore"):
        scaled = np.rint(values * factor)
    small = np.abs(scaled) < _EXACT
    # Bits, not numbers, are compared: -0.0 equals 0.0 and would come back with another sign.
    back = np.where(small, scaled, 0.0).astype(np.int64) / factor
    return np.asarray(small & (back.view(np.uint64) == values.view(np.uint64)))


def _values(modes: Ints, words: Words, cuts: Ints) -> Floats:
    counts = np.diff(cuts)
    decimals = np.where(modes == _XOR, 0, modes)
    values = _sums(_unzigzag(words), cuts) / np.repeat(_DECIMALS[decimals], counts)
    xor = np.repeat(modes == _XOR, counts)
    if xor.any():
        bits = np.concatenate((np.zeros(1, np.uint64), np.bitwise_xor.accumulate(words)))
        own = bits[1:] ^ np.repeat(bits[cuts[:-1]], counts)
        values[xor] = own.view(np.float64)[xor]
    return np.asarray(values)


def _steps(numbers: Ints, starts: Ints, *, own: bool) -> Ints:
    """Differences to the one before; a stretch's first is the number itself, or nothing."""
    steps = np.diff(numbers, prepend=numbers[:1])
    steps[starts] = numbers[starts] if own else 0
    return steps


def _sums(steps: Ints, cuts: Ints) -> Ints:
    """Running sums that begin anew at each cut."""
    sums = np.concatenate((np.zeros(1, np.int64), np.cumsum(steps)))
    return np.asarray(sums[1:] - np.repeat(sums[cuts[:-1]], np.diff(cuts)))


def _zigzag(signed: Ints) -> Words:
    return ((signed << 1) ^ (signed >> 63)).view(np.uint64)


def _unzigzag(words: Words) -> Ints:
    half = (words >> np.uint64(1)).view(np.int64)
    return half ^ -(words & np.uint64(1)).view(np.int64)


def _widths(words: Words, starts: Ints) -> Ints:
    """The narrowest width for each stretch."""
    largest = np.maximum.reduceat(words, starts)
    return np.asarray(_WIDTHS[np.searchsorted(_LARGEST, largest)])


def _bytes(words: Words) -> Bytes:
    """Shape (n, 8), lowest byte first."""
    return np.ascontiguousarray(words, "<u8").view(np.uint8).reshape(-1, 8)


def _words(planes: Bytes) -> Words:
    return np.ascontiguousarray(planes).view("<u8").reshape(-1).astype(np.uint64)
