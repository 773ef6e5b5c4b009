"""Samples of a series ↔ bytes: exact, small, and loud about damage."""

import numpy as np
import pytest

from controlplane.metrics import codec
from controlplane.metrics.sample import STALE_BITS, Columns

STALE = float(np.array([STALE_BITS], np.uint64).view(np.float64)[0])


def regular(count: int, step: int = 15_000) -> np.ndarray:
    return 1_772_452_800_000 + np.arange(count, dtype=np.int64) * step


def there_and_back(ts_ms: np.ndarray, values: np.ndarray) -> bytes:
    payload = codec.encode(ts_ms, values)
    times, numbers = codec.decode(payload)

    assert times.tolist() == ts_ms.tolist()
    assert numbers.view(np.uint64).tolist() == values.view(np.uint64).tolist()
    return payload


@pytest.mark.parametrize(
    "values",
    [
        [0.0],
        [-0.0, 0.0],
        [0.1, 0.2, 0.30000000000000004],
        [1e300, -1e300, 5e-324],
        [np.nan, np.inf, -np.inf],
        [2.0**53, 2.0**53 + 2, -(2.0**62)],
        [9.223372036854776e18, 1.0],
    ],
)
def test_awkward_numbers_come_back_bit_for_bit(values: list[float]) -> None:
    there_and_back(regular(len(values)), np.array(values))


def test_nothing_at_all_is_a_chunk_too() -> None:
    there_and_back(np.zeros(0, np.int64), np.zeros(0))


def test_irregular_and_negative_times_come_back() -> None:
    there_and_back(np.array([-5, 0, 3, 10**12, 10**12 + 1]), np.arange(5.0))


def test_a_rounded_gauge_with_noise_costs_under_two_bytes_a_sample() -> None:
    noise = np.random.default_rng(7).normal(0, 0.3, 240)
    payload = there_and_back(regular(240), np.round(50 + np.cumsum(noise), 1))

    assert len(payload) / 240 < 2.0


def test_a_constant_gauge_costs_next_to_nothing() -> None:
    assert len(there_and_back(regular(240), np.full(240, 0.85))) < 60


def test_the_mark_of_an_ended_series_does_not_spoil_a_chunk() -> None:
    values = np.round(np.linspace(1, 20, 240), 2)
    plain = len(there_and_back(regular(240), values))
    values[100] = STALE

    assert len(there_and_back(regular(240), values)) < plain + 40


def test_many_series_at_once_are_the_same_bytes_as_one_by_one() -> None:
    noise = np.random.default_rng(3)
    parts = [
        np.round(np.linspace(1, 20, 7), 2),
        noise.normal(0, 1, 5),
        np.array([STALE, 1.5, np.inf, 1.5, 2.0]),
        np.array([np.nan]),
        np.full(300, 0.25),
        np.arange(4) * 1e15,
        np.array([-0.0, 3.0]),
    ]
    cuts = np.cumsum([0, *(part.size for part in parts)])
    times = np.concatenate([regular(part.size, 10 + i) for i, part in enumerate(parts)])
    values = np.concatenate(parts)
    together = codec.encode_all(times, values, cuts)
    spans = list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))
    back_ms, back = codec.decode_all([codec.opened(payload) for payload in together])

    assert together == [codec.encode(times[a:b], values[a:b]) for a, b in spans]
    assert back_ms.tolist() == times.tolist()
    assert back.view(np.uint64).tolist() == values.view(np.uint64).tolist()


def test_chunks_that_are_soon_written_anew_are_not_packed() -> None:
    times, values = regular(300), np.round(np.linspace(0, 9, 300), 1)
    plain, packed = codec.encode_all(times, values, np.array([0, 100, 300]), pack_from=150)
    alone = codec.encode(times[100:], values[100:])
    back_ms, back = codec.decode_all([codec.opened(plain), codec.opened(packed)])

    assert (plain[0], packed) == (2, alone)
    assert (
        plain == codec.encode_all(times[:100], values[:100], np.array([0, 100]), pack_from=999)[0]
    )
    assert (back_ms.tolist(), back.tolist()) == (times.tolist(), values.tolist())


def test_no_chunks_are_no_samples() -> None:
    times, values = codec.decode_all([])

    assert (times.size, values.size) == (0, 0)


@pytest.mark.parametrize("pack_from", [0, 99])
@pytest.mark.parametrize("damage", ["cut", "empty", "version", "count", "mode", "width", "place"])
def test_damaged_bytes_are_refused_not_guessed(damage: str, pack_from: int) -> None:
    times, values = regular(50), np.round(np.linspace(0, 1, 50), 3)
    (good,) = codec.encode_all(times, values, np.array([0, 50]), pack_from=pack_from)
    bad = {
        "cut": good[:-4],
        "empty": b"",
        "version": b"\x07" + good[1:],
        "count": good[:4] + b"\xff" + good[5:],
        "mode": good[:1] + b"\x63" + good[2:],
        "width": good[:2] + b"\x03" + good[3:],
        # A mark of "no number" at a place that the chunk does not have.
        "place": b"\x02\x00\x00\x00\x01\x00\x00\x00\x01" + bytes(11) + b"\x05" + bytes(11),
    }[damage]

    with pytest.raises(codec.BadChunk):
        codec.decode(bad)


def test_a_batch_comes_back_in_order_of_arrival() -> None:
    columns = Columns(
        np.array([7, 3, 7, 2**40]), np.array([5, 4, 3, 10**12]), np.array([1.5, STALE, -0.0, 9e9])
    )
    back = codec.decode_columns(codec.encode_columns(columns))

    assert back.series.tolist() == columns.series.tolist()
    assert back.ts_ms.tolist() == columns.ts_ms.tolist()
    assert back.values.view(np.uint64).tolist() == columns.values.view(np.uint64).tolist()


@pytest.mark.parametrize("bad", [b"", b"\x01\x00", b"\x01" + bytes(40)])
def test_a_damaged_batch_is_refused(bad: bytes) -> None:
    with pytest.raises(codec.BadChunk):
        codec.decode_columns(bad)


def test_a_batch_of_the_wrong_length_is_refused() -> None:
    good = codec.encode_columns(Columns(np.array([1]), np.array([2]), np.array([3.0])))

    with pytest.raises(codec.BadChunk):
        codec.decode_columns(good[:4] + b"\x09" + good[5:])
