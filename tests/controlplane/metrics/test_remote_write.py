"""A remote-write body → samples: the fast path, the general one, and every bad input (W01 …)."""

import struct

import cramjam
import pytest

from controlplane.common.errors import InvalidInput
from controlplane.metrics.sample import Parsed
from controlplane.metrics.wire import remote_write
from tests.controlplane.metrics.prompb import (
    body,
    field,
    label,
    page,
    sample,
    timeseries,
    varint,
    write_request,
)

T = 1_772_452_800_000
UP = {"__name__": "up", "job": "vllm"}


def parse(raw: bytes, known: dict[bytes, int] | None = None) -> Parsed:
    return remote_write.parse(raw, known or {})


def points(parsed: Parsed) -> list[tuple[int, int, float]]:
    return list(
        zip(parsed.slots.tolist(), parsed.ts_ms.tolist(), parsed.values.tolist(), strict=True)
    )


def keys_of(raw: bytes) -> dict[bytes, int]:
    """What a registry would remember after this body: key → slot in order."""
    return {one.key: slot for slot, one in enumerate(parse(raw).fresh)}


def code_of(raw: bytes) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse(raw)
    return caught.value.code


def test_a_new_series_comes_with_its_labels_and_samples() -> None:
    (one,) = parse(page([(UP, [(T, 1.5), (T + 1, 0.0)])])).fresh

    assert (one.source.name, one.source.labels) == ("up", (("job", "vllm"),))
    assert (one.ts_ms, one.values) == ((T, T + 1), (1.5, 0.0))


def test_known_series_are_read_without_their_labels() -> None:
    first = page([(UP, [(T, 1.0)]), ({**UP, "job": "b"}, [(T, 2.0)])])
    second = page([({**UP, "job": "b"}, [(T + 5, 7.25)]), (UP, [(T + 5, 0.0)])])
    parsed = parse(second, keys_of(first))

    assert not parsed.fresh
    assert sorted(points(parsed)) == [(0, T + 5, 0.0), (1, T + 5, 7.25)]


def test_a_known_series_with_several_samples_takes_the_general_path() -> None:
    first = page([(UP, [(T, 1.0)])])
    parsed = parse(page([(UP, [(T + 1, 2.0), (T + 2, 3.0)])]), keys_of(first))

    assert points(parsed) == [(0, T + 1, 2.0), (0, T + 2, 3.0)]


def test_bytes_that_only_look_like_a_sample_do_not_fool_the_fast_path() -> None:
    known = keys_of(page([(UP, [(T, 1.0)])]))
    prefix = timeseries(UP, [])
    exemplar = prefix + field(3, b"\x09" + bytes(8) + b"\x10" + varint(T))
    parsed = parse(body(exemplar), known)

    assert parsed.count == 0


def test_a_timestamp_of_another_length_is_read_all_the_same() -> None:
    known = keys_of(page([(UP, [(T, 1.0)])]))
    parsed = parse(page([(UP, [(127, 4.0)])]), known)

    assert points(parsed) == [(0, 127, 4.0)]


def test_negative_timestamps_are_read_as_such() -> None:
    (one,) = parse(page([(UP, [(-5, 1.0)])])).fresh

    assert one.ts_ms == (-5,)


def test_the_end_mark_keeps_its_bits_on_both_paths() -> None:
    stale = struct.pack("<Q", 0x7FF0000000000002)
    first = page([(UP, [(T, 1.0)])])
    frame = timeseries(UP, []) + sample(T + 1, stale)
    fast = parse(body(frame), keys_of(first))
    slow = parse(body(frame)).fresh[0]

    assert fast.values.tobytes() == stale
    assert struct.pack("<d", slow.values[0]) == stale


def test_labels_after_samples_still_make_a_series() -> None:
    frame = label("__name__", "up") + sample(T, 1.0) + label("job", "late")
    (one,) = parse(body(frame)).fresh

    assert one.source.labels == (("job", "late"),)


def test_metadata_alone_is_accepted() -> None:  # W19
    raw = cramjam.snappy.compress_raw(field(3, b"\x08\x01\x12\x02up"))

    assert parse(bytes(raw)).count == 0


def test_unknown_fields_are_stepped_over() -> None:
    extra = varint(9 << 3) + varint(7) + varint(10 << 3 | 5) + bytes(4)
    frame = timeseries(UP, [(T, 3.0)]) + extra
    (one,) = parse(body(frame)).fresh

    assert one.values == (3.0,)


def test_a_series_without_samples_is_ignored() -> None:
    assert parse(page([(UP, [])])).count == 0


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "snappy.corrupt"),
        (b"not snappy at all", "snappy.corrupt"),  # W01
        (b"\xff\x06\x00\x00sNaPpY", "snappy.corrupt"),  # W01: framed
        (b"\xff" * 12, "snappy.corrupt"),
        (varint(4 << 30) + b"\x00" * 5, "snappy.length"),  # W02
        (bytes(cramjam.snappy.compress_raw(b"")), "proto.empty"),  # W06
        (bytes(cramjam.snappy.compress_raw(field(9, b"x"))), "proto.empty"),  # W06
        (bytes(cramjam.snappy.compress_raw(b"\x0a\x05ab")), "proto.corrupt"),  # W05
        (bytes(cramjam.snappy.compress_raw(b"\xff" * 40)), "proto.corrupt"),
        (body(b"\x0b"), "proto.corrupt"),  # a group
        (body(b"\x0a\x7f"), "proto.corrupt"),
        (body(b"\x02\x00"), "proto.corrupt"),  # field 0
        (body(b"\x0a" + b"\x80" * 11), "proto.corrupt"),  # over-long varint
        (body(b"\x08" + b"\xff" * 9 + b"\x7f"), "proto.corrupt"),  # 65 bits
        (body(b"\x12\x03\x09\x00\x00"), "proto.corrupt"),  # half a double
    ],
)
def test_what_is_no_request_is_refused_whole(raw: bytes, code: str) -> None:
    assert code_of(raw) == code


def test_a_flood_of_empty_series_is_refused_before_it_is_built() -> None:  # W03
    assert (
        code_of(bytes(cramjam.snappy.compress_raw(b"\x0a\x00" * 200_000))) == "proto.series_count"
    )


def test_a_flood_that_is_no_message_is_refused_too() -> None:
    raw = b"\x0a\x00" * 60_000 + b"\x0b" + b"\x0a" * 60_000

    assert code_of(bytes(cramjam.snappy.compress_raw(raw))) == "proto.corrupt"


def test_many_bytes_0a_alone_are_no_flood() -> None:
    value = "\n" * 4000
    frames = [timeseries({"__name__": f"m{i}", "a": value}, [(T, 1.0)]) for i in range(30)]

    assert parse(body(*frames)).count == 30


def test_a_flood_of_samples_in_one_series_is_refused() -> None:  # W04
    frame = timeseries(UP, []) + b"\x12\x00" * 110_000

    assert code_of(body(frame)) == "proto.sample_count"


def test_too_many_samples_over_all_series_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_write, "MAX_POINTS", 100)
    frames = [timeseries({"__name__": f"m{i}"}, [(T, 0.0)] * 60) for i in range(2)]

    assert code_of(body(*frames)) == "proto.sample_count"


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        (label(b"__name__", b"up") + label(b"job", b"\xff\xfe"), "text.utf8"),  # W07
        (label("__name__", "up") + label("z", "1") + label("a", "1"), "labels.order"),  # W08
        (label("__name__", "up") + label("a", "1") + label("a", "1"), "labels.duplicate"),
        (label("", "x") + label("__name__", "up"), "labels.empty"),
        (label("__name__", "up") + label("a", ""), "labels.empty"),
        (label("job", "x"), "labels.name"),
        (b"", "labels.name"),
        (label("__name__", "not a name"), "name.invalid"),
        (label("__name__", "a\x00b"), "text.nul"),
        (label("__name__", "up") + label("a", "b\x00"), "text.nul"),
        (label("__name__", "up") + label("a" * 257, "x"), "label.length"),
        (label("__name__", "up") + label("a", "x" * 4097), "label.length"),
        (label("__name__", "up") + label("a-b", "x"), "label.name"),
        (label("__name__", "up") + label("a.b", "x") + label("a_b", "x"), "label.collision"),
        (
            label("__name__", "up") + b"".join(label(f"l{i:03}", "x") for i in range(65)),
            "label.count",
        ),
    ],
)
def test_a_wrong_label_set_costs_only_its_own_series(labels: bytes, code: str) -> None:
    parsed = parse(body(labels + sample(T, 1.0), timeseries(UP, [(T, 2.0)])))

    assert [one.source.name for one in parsed.fresh] == ["up"]
    assert parsed.refused == ((code, 1),)
    assert parsed.faults[0].code == code


def test_native_histograms_are_refused_by_name_and_the_samples_kept() -> None:
    parsed = parse(body(timeseries(UP, [(T, 2.0)]) + field(4, b"\x08\x01")))

    assert parsed.count == 1
    assert parsed.refused == (("histogram.unsupported", 1),)


def test_only_ten_faults_are_worded_but_all_are_counted() -> None:
    frames = [label("job", str(i)) + sample(T, 1.0) for i in range(25)]
    parsed = parse(body(*frames))

    assert len(parsed.faults) == 10
    assert parsed.rejected == 25


def test_a_trailing_half_field_is_corrupt() -> None:
    raw = write_request(timeseries(UP, [(T, 1.0)])) + b"\x0a"

    assert code_of(bytes(cramjam.snappy.compress_raw(raw))) == "proto.corrupt"
