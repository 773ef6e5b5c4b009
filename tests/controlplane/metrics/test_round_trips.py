"""Whatever goes in comes out: the codec and the three wire formats, on anything Hypothesis finds.

And whatever else comes in is answered with one of our own errors, never with another exception.
A quick run tries twenty of each; LAW_EXAMPLES=100000 is for a night.
"""

import json
import math
import os
import struct
from collections.abc import Callable
from typing import Any

import cramjam
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from controlplane.common.errors import Fault, ProductError
from controlplane.metrics import codec
from controlplane.metrics.catalogue.signals import signals
from controlplane.metrics.sample import Columns, Parsed
from controlplane.metrics.wire import exposition, json_push, remote_write
from tests.controlplane.metrics import pages, prompb

NOW = 1_772_452_800_000
some = settings(max_examples=int(os.environ.get("LAW_EXAMPLES", "20")), deadline=None)
Series = tuple[str, tuple[tuple[str, str], ...]]
Points = dict[Series, list[tuple[int, str]]]  # value bits in hexadecimal: NaN equals itself

names = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,20}", fullmatch=True)
label_names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,10}", fullmatch=True).filter(
    lambda name: not name.startswith("__")
)
texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=30
)
labels = st.dictionaries(label_names, texts, max_size=5)
bits = st.integers(0, 2**64 - 1).map(lambda n: struct.unpack("<d", struct.pack("<Q", n))[0])
finite = st.floats(allow_nan=False, allow_infinity=False)
numbers = st.one_of(finite, bits, st.integers(-(10**6), 10**6).map(float))
stamps = st.one_of(st.integers(NOW - 10**9, NOW + 10**9), st.integers(-(2**62), 2**62), st.just(0))


def spelt(value: float) -> str:
    return struct.pack(">d", value).hex()


def of(parsed: Parsed, keys: dict[int, Series]) -> Points:
    """Everything a parser found, by series; `keys` names the slots of known ones."""
    found: Points = {}
    for slot, at, value in zip(parsed.slots, parsed.ts_ms, parsed.values, strict=True):
        found.setdefault(keys[int(slot)], []).append((int(at), spelt(float(value))))
    for one in parsed.fresh:
        rows = found.setdefault((one.source.name, one.source.labels), [])
        rows += [(at, spelt(v)) for at, v in zip(one.ts_ms, one.values, strict=True)]
    return found


@some
@given(
    st.lists(stamps, max_size=60).map(sorted),
    st.lists(numbers, max_size=60),
    st.sampled_from([None, 0, 1, 3, 9]),
)
def test_a_chunk_comes_back_bit_for_bit(
    times: list[int], values: list[float], decimals: int | None
) -> None:
    count = min(len(times), len(values))
    assume(count == 0 or times[count - 1] - times[0] < 2**61)
    ts_ms = np.array(times[:count], np.int64)
    column = np.array(values[:count], np.float64)
    if decimals is not None:
        small = np.abs(column) < 1e9
        column[small] = np.round(column[small], decimals)
    back_ms, back = codec.decode(codec.encode(ts_ms, column))

    assert back_ms.tolist() == ts_ms.tolist()
    assert back.view(np.uint64).tolist() == column.view(np.uint64).tolist()


@some
@given(
    st.lists(st.lists(st.one_of(numbers, st.floats()), min_size=1, max_size=9), min_size=1),
    st.integers(0, 9),
)
def test_chunks_come_back_bit_for_bit_whatever_stands_beside_them(
    parts: list[list[float]], pack_from: int
) -> None:
    cuts = np.cumsum([0, *map(len, parts)])
    values = np.array([value for part in parts for value in part], np.float64)
    times = NOW - 1000 * cuts[-1] + np.arange(values.size, dtype=np.int64) * 977
    payloads = codec.encode_all(times, values, cuts, pack_from=pack_from)
    back_ms, back = codec.decode_all([codec.opened(payload) for payload in payloads])

    assert back_ms.tolist() == times.tolist()
    assert back.view(np.uint64).tolist() == values.view(np.uint64).tolist()


@some
@given(st.lists(st.tuples(st.integers(1, 2**62), stamps, bits), max_size=60))
def test_a_batch_comes_back_bit_for_bit(rows: list[tuple[int, int, float]]) -> None:
    series, times, values = zip(*rows, strict=True) if rows else ((), (), ())
    columns = Columns(
        np.array(series, np.int64), np.array(times, np.int64), np.array(values, np.float64)
    )
    back = codec.decode_columns(codec.encode_columns(columns))

    assert back.series.tolist() == list(series)
    assert back.ts_ms.tolist() == list(times)
    assert back.values.view(np.uint64).tolist() == columns.values.view(np.uint64).tolist()


def refusal(work: Callable[[], object]) -> ProductError | None:
    """One of our own errors, or None; any other exception is what these tests look for."""
    try:
        work()
    except ProductError as error:
        return error
    return None


def damaged(whole: bytes) -> st.SearchStrategy[bytes]:
    """These bytes with some of them changed, left out or doubled."""

    def change(edits: list[tuple[int, int, int]]) -> bytes:
        out = bytearray(whole)
        for place, length, byte in edits:
            at = place % (len(out) + 1)
            out[at : at + length] = bytes([byte]) * (length % 3)
        return bytes(out)

    edit = st.tuples(st.integers(0, 10**6), st.integers(0, 9), st.integers(0, 255))
    return st.lists(edit, min_size=1, max_size=4).map(change)


CHUNK = codec.encode(
    NOW + np.arange(50, dtype=np.int64) * 15_000,
    np.array([*np.round(np.linspace(0, 9, 47), 2), np.nan, np.inf, 1.0]),
)
(PLAIN,) = codec.encode_all(
    NOW + np.arange(9), np.array([*[1.5] * 8, np.nan]), np.array([0, 9]), pack_from=99
)
BATCH = codec.encode_columns(Columns(np.arange(1, 9), NOW + np.arange(8), np.linspace(0, 1, 8)))


@some
@given(st.one_of(st.binary(max_size=80), damaged(CHUNK), damaged(PLAIN), damaged(BATCH)))
def test_damaged_bytes_are_a_bad_chunk_or_some_numbers(payload: bytes) -> None:
    for decode in (codec.decode, codec.decode_columns):
        try:
            decode(payload)
        except codec.BadChunk:
            continue


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def line(series: Series, value: float, at: int | None) -> str:
    name, pairs = series
    inner = ",".join(f'{label}="{escaped(text)}"' for label, text in pairs)
    number = "NaN" if math.isnan(value) else {math.inf: "+Inf", -math.inf: "-Inf"}.get(value)
    stamp = "" if at is None else f" {at}"
    return f"{name}{{{inner}}} {number or repr(value)}{stamp}\n"


exposed = st.lists(
    st.tuples(
        names,
        labels.map(lambda found: tuple(sorted(found.items()))),
        finite,
        st.one_of(st.none(), st.integers(-(10**15), 10**15)),
    ),
    min_size=1,
    max_size=8,
)


@some
@given(exposed)
def test_a_page_is_what_was_written_on_it_for_new_and_for_known_series(rows: list[Any]) -> None:
    page = "".join(line((name, pairs), value, at) for name, pairs, value, at in rows).encode()
    wanted: Points = {}
    for name, pairs, value, at in rows:
        wanted.setdefault((name, pairs), []).append((NOW if at is None else at, spelt(value)))
    fresh = exposition.parse(page, {}, now_ms=NOW, openmetrics=False)
    keys = {i: (one.source.name, one.source.labels) for i, one in enumerate(fresh.fresh)}
    known = {one.key: i for i, one in enumerate(fresh.fresh)}
    again = exposition.parse(page, known, now_ms=NOW, openmetrics=False)

    assert of(fresh, {}) == wanted
    assert not again.fresh
    assert of(again, keys) == wanted


@some
@given(exposed)
def test_a_page_means_to_us_what_it_means_to_prometheus_client(rows: list[Any]) -> None:
    page = "".join(line((name, pairs), value, None) for name, pairs, value, _ in rows)
    theirs = sorted(
        (sample.name, tuple(sorted(sample.labels.items())), spelt(sample.value))
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    )
    ours = of(exposition.parse(page.encode(), {}, now_ms=NOW, openmetrics=False), {})

    assert theirs == sorted((*key, value) for key, held in ours.items() for _, value in held)


VLLM = pages.vllm(7).encode()


@some
@given(st.one_of(st.binary(max_size=200), damaged(VLLM[:3000])), st.booleans())
def test_any_bytes_are_a_page_or_one_of_our_errors(body: bytes, openmetrics: bool) -> None:
    error = refusal(lambda: exposition.parse(body, {b"a": 1}, now_ms=NOW, openmetrics=openmetrics))

    assert error is None or (error.status in {400, 413} and error.detail.isprintable())


written = st.lists(
    st.tuples(names, labels, st.lists(st.tuples(stamps, bits), min_size=1, max_size=3)),
    min_size=1,
    max_size=6,
    unique_by=lambda row: (row[0], tuple(sorted(row[1].items()))),
)


@some
@given(written, st.integers(0, 2))
def test_remote_write_is_what_was_sent_for_new_and_for_known_series(
    rows: list[Any], many: int
) -> None:
    wanted: Points = {}
    series = []
    for name, pairs, held in rows:
        some = held[: many + 1]
        wanted[name, tuple(sorted(pairs.items()))] = [(at, spelt(v)) for at, v in some]
        series.append(({"__name__": name, **pairs}, some))
    body = prompb.page(series)
    fresh = remote_write.parse(body, {})
    keys = {i: (one.source.name, one.source.labels) for i, one in enumerate(fresh.fresh)}
    known = {one.key: i for i, one in enumerate(fresh.fresh)}
    again = remote_write.parse(body, known)

    assert of(fresh, {}) == wanted
    assert not again.fresh
    assert of(again, keys) == wanted


REQUEST = prompb.write_request(
    prompb.timeseries({"__name__": "up", "job": "a"}, [(NOW, 1.0)]),
    prompb.timeseries({"__name__": "up", "job": "b"}, [(NOW, 0.0), (NOW + 1, 2.5)]),
)


@some
@given(st.one_of(st.binary(max_size=200), damaged(REQUEST)), st.booleans())
def test_any_bytes_are_a_request_or_one_of_our_errors(raw: bytes, packed: bool) -> None:
    body = bytes(cramjam.snappy.compress_raw(raw))
    known = {prompb.timeseries({"__name__": "up", "job": "a"}, []): 0}
    error = refusal(lambda: remote_write.parse(body if packed else raw, known))

    assert error is None or error.status in {400, 413}


pushed = st.lists(
    st.tuples(
        st.sampled_from(["service.request.rate", "infra.gpu.power", "business.own.name"]),
        texts.filter(str.strip),
        labels.filter(lambda found: "workload" not in found),
        finite,
        st.integers(978_307_200_000, 4_102_444_800_000),
    ),
    min_size=1,
    max_size=6,
)


@some
@given(pushed)
def test_json_is_what_was_pushed_for_new_and_for_known_series(rows: list[Any]) -> None:
    points, wanted = [], dict[Series, list[tuple[int, str]]]()
    for signal, workload, pairs, value, at in rows:
        point = {"signal": signal, "workload": workload, "labels": pairs}
        points.append({**point, "value": value, "timestamp": at})
        key = signal, tuple(sorted({**pairs, "workload": workload}.items()))
        wanted.setdefault(key, []).append((at, spelt(value)))
    body = json.dumps({"points": points}, ensure_ascii=False).encode()
    fresh = json_push.parse(body, {}, now_ms=NOW, signals=signals())
    keys = {i: (one.source.name, one.source.labels) for i, one in enumerate(fresh.fresh)}
    known = {one.key: i for i, one in enumerate(fresh.fresh)}
    again = json_push.parse(body, known, now_ms=NOW, signals=signals())

    assert fresh.faults == ()
    assert of(fresh, {}) == wanted
    assert (again.fresh, of(again, keys)) == ((), wanted)


PUSH = b'{"points":[{"signal":"infra.gpu.power","workload":"a","value":12.5,"labels":{"b":"c"}}]}'


@some
@given(st.one_of(st.binary(max_size=200), damaged(PUSH), st.text(max_size=200).map(str.encode)))
def test_any_bytes_are_a_batch_or_one_of_our_errors(body: bytes) -> None:
    faults: list[Fault] = []

    def parse() -> None:
        faults.extend(json_push.parse(body, {}, now_ms=NOW, signals=signals()).faults)

    error = refusal(parse)

    assert error is None or (error.status in {400, 413} and error.detail.isprintable())
    assert all(fault.message.isprintable() for fault in faults)


@some
@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), finite, st.integers(), texts),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(["signal", "name", "value", "labels", "timestamp", "x"]), inner
            ),
        ),
        max_leaves=8,
    )
)
def test_any_document_is_a_batch_or_one_of_our_errors(document: Any) -> None:
    for root in (document, {"points": [document]}, {"points": document}):
        try:
            json_push.parse(json.dumps(root).encode(), {}, now_ms=NOW, signals=signals())
        except ProductError:
            continue


def test_the_writer_of_these_tests_and_the_reader_do_not_agree_by_mistake() -> None:
    with pytest.raises(ProductError):
        exposition.parse(b'a{b="c} 1\n', {}, now_ms=NOW, openmetrics=False)
