"""Series → a remote-write 1.0 body, written by hand so that tests do not lean on our own reader."""

import struct
from collections.abc import Iterable, Mapping

import cramjam

Sample = tuple[int, float]  # ms, value


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def label(name: str | bytes, value: str | bytes) -> bytes:
    name = name.encode() if isinstance(name, str) else name
    value = value.encode() if isinstance(value, str) else value
    return field(1, field(1, name) + field(2, value))


def sample(ts_ms: int, value: float | bytes) -> bytes:
    """As Prometheus writes it: zero fields are left out. Bytes give a double's exact bits."""
    raw = value if isinstance(value, bytes) else struct.pack("<d", value)
    body = b"" if raw == bytes(8) else b"\x09" + raw
    return field(2, body + (b"\x10" + varint(ts_ms) if ts_ms else b""))


def timeseries(labels: Mapping[str, str], samples: Iterable[Sample]) -> bytes:
    """Labels sorted by name, as the protocol wants them."""
    return b"".join(label(*pair) for pair in sorted(labels.items())) + b"".join(
        sample(*one) for one in samples
    )


def write_request(*frames: bytes) -> bytes:
    return b"".join(field(1, frame) for frame in frames)


def body(*frames: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(write_request(*frames)))


def page(series: Iterable[tuple[Mapping[str, str], Iterable[Sample]]]) -> bytes:
    """(labels, samples) of many series → one request body."""
    return body(*(timeseries(labels, samples) for labels, samples in series))
