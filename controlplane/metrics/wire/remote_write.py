"""A remote-write 1.0 body (snappy block of protobuf) → samples.

The outer message is declared as `repeated bytes timeseries`, so that a series stays a slice of
bytes. Prometheus sends one sample a series: 18 bytes at the end (9 when the value is zero), and
everything before them is the label set. Where those label bytes were seen before, the sample is
two numbers read with numpy and no label ever becomes a Python string. Everything else takes the
general parser below.
"""

from collections.abc import Mapping

import cramjam
import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from controlplane.common.errors import InvalidInput
from controlplane.metrics.sample import MAX_POINTS, Floats, Ints, Parsed
from controlplane.metrics.wire import timeseries
from controlplane.metrics.wire.collect import Collector
from controlplane.metrics.wire.varint import BadVarint, varint

MAX_INFLATED = 32 * 1024 * 1024
MAX_SERIES_PER_REQUEST = 100_000
_TAIL = 18  # 12 10 09 <double> 10 <6-byte varint>: one sample with a present-day timestamp
_ZERO_TAIL = 9  # 12 07 10 <6-byte varint>: the same with value 0, which protobuf leaves out
_SHIFTS = np.arange(0, 42, 7, dtype=np.int64)

Fast = tuple[Ints, Ints, Floats]


def parse(body: bytes, known: Mapping[bytes, int]) -> Parsed:
    """A request body → its samples. Raises InvalidInput when nothing can be read.

    A single series that is wrong (label order, text, samples that do not parse) becomes a fault of
    the result, and the others are kept, as the protocol asks.
    """
    frames, metadata = _frames(inflate(body))
    if not frames and not metadata:
        raise InvalidInput("proto.empty", "The request holds no time series.")
    fast, slow = _known_series(frames, known)
    collector = Collector(known)
    for frame in slow:
        timeseries.parse(frame, collector)
    parsed = collector.parsed(fast)
    if parsed.count + parsed.rejected > MAX_POINTS:
        raise InvalidInput("proto.sample_count", f"A request may hold {MAX_POINTS} samples.")
    return parsed


def inflate(body: bytes) -> bytes:
    """Snappy block → bytes; the length the header claims is checked before anything is made."""
    try:
        size, _ = varint(body, 0)
    except BadVarint as error:
        raise InvalidInput("snappy.corrupt", "The body is not a snappy block.") from error
    if size > MAX_INFLATED:
        raise InvalidInput("snappy.length", f"Inflated, a body may have {MAX_INFLATED} bytes.")
    try:
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise InvalidInput(
            "snappy.corrupt", "The body is not a snappy block (framed snappy is not accepted)."
        ) from error


def _outer_message() -> type[message.Message]:
    file = descriptor_pb2.FileDescriptorProto(name="tidewise_write.proto", package="tidewise")
    outer = file.message_type.add(name="Write")
    outer.field.add(name="timeseries", number=1, type=12, label=3)  # repeated bytes
    outer.field.add(name="metadata", number=3, type=12, label=3)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tidewise.Write"))


_Write = _outer_message()


def _frames(raw: bytes) -> tuple[list[bytes], bool]:
    """Each series' bytes, and whether there was metadata (which is accepted and not kept)."""
    if raw.count(b"\x0a") > MAX_SERIES_PER_REQUEST:
        _count_series(raw)
    try:
        outer = _Write.FromString(raw)
    except message.DecodeError as error:
        raise InvalidInput("proto.corrupt", "The body is not a WriteRequest message.") from error
    return list(outer.timeseries), bool(outer.metadata)  # type: ignore[attr-defined]  # declared at run time


def _count_series(raw: bytes) -> None:
    """Refuse a flood of empty series before objects are made of them: 787 KB can hold 8 million."""
    at, count = 0, 0
    try:
        while at < len(raw) and count <= MAX_SERIES_PER_REQUEST:
            at = timeseries.skip(raw, at)
            count += 1
    except BadVarint as error:
        raise InvalidInput("proto.corrupt", "The body is not a WriteRequest message.") from error
    if count > MAX_SERIES_PER_REQUEST:
        raise InvalidInput(
            "proto.series_count", f"A request may hold {MAX_SERIES_PER_REQUEST} series."
        )


def _known_series(frames: list[bytes], known: Mapping[bytes, int]) -> tuple[Fast, list[bytes]]:
    """Frames that are known labels and one sample, as columns; and the frames that are not."""
    full: list[bytes] = []
    slots: list[int] = []
    zero: list[bytes] = []
    zero_slots: list[int] = []
    slow: list[bytes] = []
    get = known.get
    for frame in frames:
        slot = get(frame[:-_TAIL])
        if slot is not None:
            slots.append(slot)
            full.append(frame)
            continue
        slot = get(frame[:-_ZERO_TAIL])
        if slot is not None:
            zero_slots.append(slot)
            zero.append(frame)
        else:
            slow.append(frame)
    first = _columns(full, slots, _TAIL, slow)
    second = _columns(zero, zero_slots, _ZERO_TAIL, slow)
    return (
        np.concatenate((first[0], second[0])),
        np.concatenate((first[1], second[1])),
        np.concatenate((first[2], second[2])),
    ), slow


def _columns(frames: list[bytes], slots: list[int], width: int, slow: list[bytes]) -> Fast:
    """Tails of one width → columns. A tail of another shape sends its frame to `slow`."""
    tails = np.frombuffer(b"".join([frame[-width:] for frame in frames]), np.uint8)
    tails = tails.reshape(-1, width)
    stamp = tails[:, -6:]
    good = (stamp[:, 5] < 0x80) & (stamp[:, :5] >= 0x80).all(axis=1)
    head = (0x12, 0x10, 0x09) if width == _TAIL else (0x12, 0x07)
    for position, byte in enumerate(head):
        good &= tails[:, position] == byte
    good &= tails[:, -7] == 0x10
    if not good.all():
        slow += [frames[index] for index in np.flatnonzero(~good)]
        tails, stamp = tails[good], stamp[good]
    ts_ms = ((stamp & 0x7F).astype(np.int64) << _SHIFTS).sum(axis=1)
    if width == _TAIL:
        values = np.ascontiguousarray(tails[:, 3:11]).view("<f8").reshape(-1).astype(np.float64)
    else:
        values = np.zeros(len(tails))
    return np.array(slots, np.int64)[good], ts_ms, values
