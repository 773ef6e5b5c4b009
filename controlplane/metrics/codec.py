"""Sorted samples of one series ↔ bytes, exact to the last bit, about one byte a sample.

Layout, before zstd: a header, the first timestamp, then byte planes. Timestamps are differences
of differences; values are decimal-scaled integers (12.25 is 1225 at two decimals), their
differences zig-zagged into the narrowest width. Values that no power of ten turns into integers
are kept as the XOR of neighbouring doubles. NaN and infinities are kept apart with their bits, so
that one "series ended" marker does not spoil a chunk.
"""

import struct

import cramjam
import numpy as np
from numpy.typing import NDArray

from controlplane.metrics.sample import Columns, Floats, Ints

_HEADER = struct.Struct("<BBBBIIq")  # version, mode or decimals, widths, count, specials, first
_VERSION = 1
_XOR = 255  # in the place of the number of decimals
_DECIMALS = tuple(10.0**power for power in range(10))
_WIDTHS = (1, 2, 4, 8)
_EXACT = 2.0**53  # above this a double no longer holds every integer
_ZSTD_LEVEL = 1
_MOST = 1_000_000  # samples; damage must not be able to ask for all the memory there is

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]


class BadChunk(ValueError):
    """Stored bytes that are not what `encode` wrote."""


def encode(ts_ms: Ints, values: Floats) -> bytes:
    """Arrays of one shape (n,), timestamps ascending → bytes."""
    special = np.flatnonzero(~np.isfinite(values))
    plain = _carried(values, special)
    steps = np.diff(ts_ms, prepend=ts_ms[:1])
    ts_plane, ts_width = _packed(_zigzag(np.diff(steps, prepend=np.int64(0))))
    mode, words = _value_words(plain)
    value_plane, value_width = _packed(words)
    header = _HEADER.pack(
        _VERSION,
        mode,
        ts_width,
        value_width,
        ts_ms.size,
        special.size,
        int(ts_ms[0]) if ts_ms.size else 0,
    )
    tail = special.astype("<u4").tobytes() + values[special].astype("<f8").tobytes()
    return header + bytes(cramjam.zstd.compress(ts_plane + value_plane + tail, level=_ZSTD_LEVEL))


def decode(payload: bytes) -> tuple[Ints, Floats]:
    """What `encode` was given. Raises BadChunk for anything else."""
    try:
        version, mode, ts_width, value_width, count, specials, first = _HEADER.unpack_from(payload)
        body = bytes(cramjam.zstd.decompress(memoryview(payload)[_HEADER.size :]))
    except (struct.error, cramjam.DecompressionError) as error:
        raise BadChunk("a stored chunk cannot be read") from error
    cut = count * ts_width
    end = cut + count * value_width
    if version != _VERSION or count > _MOST or len(body) != end + 12 * specials:
        raise BadChunk("a stored chunk has the wrong length")
    steps = np.cumsum(_unzigzag(_unpacked(body[:cut], ts_width, count)))
    ts_ms = first + np.cumsum(steps)
    values = _values(mode, _unpacked(body[cut:end], value_width, count))
    if specials:
        at = np.frombuffer(body, "<u4", specials, end).astype(np.int64)
        if int(at.max()) >= count:
            raise BadChunk("a stored chunk has a value that it has no place for")
        values[at] = np.frombuffer(body, "<f8", specials, end + 4 * specials)
    return ts_ms, values


def encode_columns(columns: Columns) -> bytes:
    """A whole request, in order of arrival → bytes for the batch log."""
    planes, widths = [], []
    base = int(columns.ts_ms.min()) if len(columns) else 0
    for words in (
        _zigzag(np.diff(columns.series, prepend=np.int64(0))),
        (columns.ts_ms - base).astype(np.uint64),
        columns.values.view(np.uint64),
    ):
        plane, width = _packed(words)
        planes.append(plane)
        widths.append(width)
    header = _HEADER.pack(_VERSION, *widths, len(columns), 0, base)
    return header + bytes(cramjam.zstd.compress(b"".join(planes), level=_ZSTD_LEVEL))


def decode_columns(payload: bytes) -> Columns:
    """What `encode_columns` was given. Raises BadChunk for anything else."""
    try:
        version, *widths, count, _, base = _HEADER.unpack_from(payload)
        body = bytes(cramjam.zstd.decompress(memoryview(payload)[_HEADER.size :]))
    except (struct.error, cramjam.DecompressionError) as error:
        raise BadChunk("a stored batch cannot be read") from error
    if version != _VERSION or count > _MOST or len(body) != count * sum(widths):
        raise BadChunk("a stored batch has the wrong length")
    words, start = [], 0
    for width in widths:
        words.append(_unpacked(body[start : start + count * width], width, count))
        start += count * width
    series = np.cumsum(_unzigzag(words[0]))
    return Columns(series, words[1].astype(np.int64) + base, words[2].view(np.float64))


def _carried(values: Floats, special: Ints) -> Floats:
    """Special values replaced by their neighbour on the left, so that they cost nothing."""
    if not special.size:
        return values
    filled = values.copy()
    filled[special] = 0.0
    keep = np.arange(values.size)
    keep[special] = 0
    return filled[np.maximum.accumulate(keep)]


def _value_words(values: Floats) -> tuple[int, Words]:
    decimals = _decimals(values)
    if decimals is None:
        bits = values.view(np.uint64)
        return _XOR, bits ^ np.concatenate((np.zeros(1, np.uint64), bits[:-1]))
    whole = np.rint(values * _DECIMALS[decimals]).astype(np.int64)
    return decimals, _zigzag(np.diff(whole, prepend=np.int64(0)))


def _decimals(values: Floats) -> int | None:
    """The fewest decimals that write every value exactly, or None."""
    for decimals, factor in enumerate(_DECIMALS):
        if _exact(values[:8], factor) and _exact(values, factor):
            return decimals
    return None


def _exact(values: Floats, factor: float) -> bool:
    with np.errstate(over="ignore"):
        scaled = np.rint(values * factor)
    if not (np.abs(scaled) < _EXACT).all():
        return False
    # Bits, not numbers, are compared: -0.0 equals 0.0 and would come back with another sign.
    back = scaled.astype(np.int64) / factor
    return bool((back.view(np.uint64) == values.view(np.uint64)).all())


def _values(mode: int, words: Words) -> Floats:
    if mode == _XOR:
        return np.bitwise_xor.accumulate(words).view(np.float64).copy()
    if mode >= len(_DECIMALS):
        raise BadChunk("a stored chunk names an unknown value mode")
    return np.asarray(np.cumsum(_unzigzag(words)) / _DECIMALS[mode], np.float64)


def _zigzag(signed: Ints) -> Words:
    return ((signed << 1) ^ (signed >> 63)).view(np.uint64)


def _unzigzag(words: Words) -> Ints:
    half = (words >> np.uint64(1)).view(np.int64)
    return half ^ -(words & np.uint64(1)).view(np.int64)


def _packed(words: Words) -> tuple[bytes, int]:
    """Words → byte planes (all lowest bytes, then all second bytes, …) and the width used."""
    largest = int(words.max()) if words.size else 0
    if largest == 0:
        return b"", 0
    width = next(w for w in _WIDTHS if largest < 1 << (8 * w))
    planes: Bytes = words.astype(f"<u{width}").view(np.uint8).reshape(-1, width)
    return planes.T.tobytes(), width


def _unpacked(data: bytes, width: int, count: int) -> Words:
    if width == 0:
        return np.zeros(count, np.uint64)
    if width not in _WIDTHS:
        raise BadChunk("a stored chunk names an unknown width")
    planes = np.frombuffer(data, np.uint8).reshape(width, count)
    return np.ascontiguousarray(planes.T).view(f"<u{width}").reshape(-1).astype(np.uint64)
