"""Bytes at a place → a protobuf variable-length integer and where it ends."""

_MOST = 10  # bytes; a longer one is corrupt or an attack


class BadVarint(ValueError):
    """The bytes end too early, or the integer never does."""


def varint(data: bytes, at: int) -> tuple[int, int]:
    """(unsigned integer of at most 64 bits, index after it). Raises BadVarint."""
    result = 0
    for index in range(_MOST):
        if at + index >= len(data):
            raise BadVarint("the message ends inside a number")
        byte = data[at + index]
        result |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            if result >> 64:
                raise BadVarint("a number has more than 64 bits")
            return result, at + index + 1
    raise BadVarint("a number has more than ten bytes")
