"""A JSON batch → samples, and every bad input (J01 …) by its code and pointer."""

import json
from typing import Any

import pytest

from controlplane.common.errors import ProductError, TooLarge
from controlplane.metrics.catalogue.signals import signals
from controlplane.metrics.sample import Parsed
from controlplane.metrics.wire import json_push

NOW = 1_772_452_800_000  # 2026-03-02T12:00:00Z


def parse(body: bytes, known: dict[bytes, int] | None = None) -> Parsed:
    return json_push.parse(body, known or {}, now_ms=NOW, signals=signals())


def batch(*points: Any) -> bytes:
    return json.dumps({"points": points}).encode()


def point(**changes: Any) -> dict[str, Any]:
    return {"signal": "service.request.rate", "workload": "chat-7b", "value": 12.5, **changes}


def code_of(body: bytes) -> str:
    with pytest.raises(ProductError) as caught:
        parse(body)
    return caught.value.code


def fault_of(body: bytes) -> tuple[str, str]:
    parsed = parse(body)

    assert parsed.count == 0
    assert parsed.rejected == 1
    return parsed.faults[0].code, parsed.faults[0].pointer


def test_a_point_is_a_sample_of_its_signal_and_workload() -> None:
    (one,) = parse(batch(point(timestamp="2026-03-02T12:00:00Z", labels={"model": "m"}))).fresh

    assert one.source.canonical
    assert one.source.name == "service.request.rate"
    assert one.source.labels == (("model", "m"), ("workload", "chat-7b"))
    assert (one.ts_ms, one.values, one.pointers) == ((NOW,), (12.5,), ("/points/0",))


def test_a_raw_name_is_left_for_the_mappings() -> None:
    (one,) = parse(batch({"name": "vllm:num_requests_running", "value": 3})).fresh

    assert (one.source.canonical, one.source.name) == (False, "vllm:num_requests_running")


def test_points_of_one_series_are_gathered() -> None:
    (one,) = parse(batch(point(value=1), point(value=2, timestamp=NOW + 5))).fresh

    assert (one.ts_ms, one.values) == ((NOW, NOW + 5), (1.0, 2.0))


def test_a_known_series_is_a_slot_and_remembers_where_it_stood() -> None:
    key = parse(batch(point())).fresh[0].key
    parsed = parse(batch(point(value=3), point(value=4)), {key: 9})

    assert parsed.slots.tolist() == [9, 9]
    assert parsed.pointers == ("/points/0", "/points/1")


def test_the_order_of_labels_does_not_make_another_series() -> None:
    one = point(labels={"a": "1", "b": "2"})
    other = point(labels={"b": "2", "a": "1"})

    assert len(parse(batch(one, other)).fresh) == 1


def test_composed_and_decomposed_letters_are_two_series() -> None:  # J13
    parsed = parse(batch(point(labels={"a": "\u00e9"}), point(labels={"a": "e\u0301"})))

    assert len(parsed.fresh) == 2


def test_an_empty_label_is_no_label() -> None:
    (one,) = parse(batch(point(labels={"model": ""}))).fresh

    assert one.source.labels == (("workload", "chat-7b"),)


def test_business_signals_may_have_names_of_their_own() -> None:
    assert parse(batch(point(signal="business.orders.rate"))).count == 1


@pytest.mark.parametrize(
    ("stamp", "ms"),
    [
        (NOW, NOW),
        ("2026-03-02T12:00:00Z", NOW),
        ("2026-03-02t12:00:00.5z", NOW + 500),
        ("2026-03-02T20:00:00+08:00", NOW),
        ("2026-03-02T12:00:00.123456789Z", NOW + 123),
    ],
)
def test_times_are_read_with_their_zone(stamp: Any, ms: int) -> None:
    assert parse(batch(point(timestamp=stamp))).fresh[0].ts_ms == (ms,)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json.empty"),  # J01
        (b"  \n ", "json.empty"),
        (b"null", "json.root_type"),  # J02
        (b"[]", "json.root_type"),
        (b'"x"', "json.root_type"),
        (b"5", "json.root_type"),
        (b"{}", "json.root_type"),
        (b'{"points": [}', "json.syntax"),
        (b'{"points": [{"value": "\xff"}]}', "json.utf8"),  # J03
        ('{"points": []}'.encode("utf-16"), "json.utf8"),  # J04
        ('{"points": []}'.encode("utf-32-be"), "json.utf8"),
        (b'\xef\xbb\xbf{"points": []}', "json.utf8"),
        (b'{"points": [{"value": NaN}]}', "value.not_finite"),  # J05
        (b'{"points": [{"value": Infinity}]}', "value.not_finite"),
        (b'{"points": [{"value": -Infinity}]}', "value.not_finite"),
        (b'{"points": [{"value": ' + b"9" * 5000 + b"}]}", "value.range"),  # J07
        (b"[" * 100_000, "json.depth"),  # J08
        (b'{"points": ' + b"[" * 20 + b"]" * 20 + b"}", "json.depth"),
        (b'{"points": [], "points": []}', "json.duplicate_key"),  # J09
        (b'{"points": [{"value": 1, "value": 1}]}', "json.duplicate_key"),
        (b'{"points": [{"labels": {"a": "1", "a": "2"}}]}', "json.duplicate_key"),
        (b'{"points": {}}', "field.type"),
        (b'{"points": []}', "batch.empty"),
        (b'{"samples": []}', "field.unknown"),
        (b'{"points": [], "extra": 1}', "field.unknown"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_by_its_code(body: bytes, code: str) -> None:
    assert code_of(body) == code


def test_brackets_inside_texts_are_no_nesting() -> None:
    assert parse(batch(point(labels={"a": "[" * 50 + '"\\{'}))).count == 1


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ({"value": float("1e999")}, "value.not_finite", "/value"),
        ({"value": True}, "value.type", "/value"),  # J14
        ({"value": "12"}, "value.type", "/value"),
        ({"value": "1_000"}, "value.type", "/value"),
        ({"value": "١٢"}, "value.type", "/value"),
        ({"value": None}, "value.type", "/value"),
        ({"value": [1]}, "value.type", "/value"),
        ({"value": {}}, "value.type", "/value"),
        ({"value": 10**399}, "value.range", "/value"),
        ({"colour": "red"}, "field.unknown", "/colour"),  # J15
        ({"signal": "service.request.rat"}, "signal.unknown", "/signal"),
        ({"signal": "business.Orders"}, "signal.unknown", "/signal"),
        ({"signal": 5}, "field.type", "/signal"),
        ({"name": "up"}, "field.missing", "/signal"),
        ({"workload": "a\x00"}, "text.nul", "/workload"),  # J11
        ({"workload": "w" * 4097}, "label.length", "/workload"),
        ({"workload": 7}, "field.type", "/workload"),
        ({"labels": []}, "field.type", "/labels"),
        ({"labels": {"a": 1}}, "label.type", "/labels/a"),
        ({"labels": {"a": "x\x00"}}, "text.nul", "/labels"),
        ({"labels": {"a\x00": "x"}}, "text.nul", "/labels"),
        ({"labels": {"$where": "1"}}, "label.name", "/labels"),  # J16
        ({"labels": {"a\u202eb": "1"}}, "label.name", "/labels"),  # J12
        ({"labels": {"__name__": "up"}}, "label.name", "/labels"),
        ({"labels": {"a": "v" * 4097}}, "label.length", "/labels"),  # J21
        ({"labels": {"n" * 257: "v"}}, "label.length", "/labels"),
        ({"labels": {f"l{i}": "v" for i in range(65)}}, "label.count", "/labels"),
        ({"labels": {"a.b": "1", "a_b": "1"}}, "label.collision", "/labels"),  # J22
        ({"labels": {"workload": "other"}}, "label.collision", "/labels/workload"),
        ({"timestamp": "2026-03-02T12:00:00"}, "ts.type", "/timestamp"),  # J17
        ({"timestamp": "now"}, "ts.type", "/timestamp"),
        ({"timestamp": "2026-02-30T12:00:00Z"}, "ts.type", "/timestamp"),
        ({"timestamp": "1999-01-01T00:00:00Z"}, "ts.range", "/timestamp"),
        ({"timestamp": 1772452800000.5}, "ts.type", "/timestamp"),
        ({"timestamp": True}, "ts.type", "/timestamp"),
        ({"timestamp": None}, "ts.type", "/timestamp"),
        ({"timestamp": -1}, "ts.range", "/timestamp"),
        ({"timestamp": 0}, "ts.range", "/timestamp"),
        ({"timestamp": 2**63}, "ts.range", "/timestamp"),
        ({"timestamp": 10**30}, "ts.range", "/timestamp"),
        ({"timestamp": NOW // 1000}, "ts.unit_suspect", "/timestamp"),  # J18
        ({"timestamp": NOW * 1000}, "ts.unit_suspect", "/timestamp"),
        ({"timestamp": NOW * 1_000_000}, "ts.unit_suspect", "/timestamp"),
    ],
)
def test_a_wrong_point_is_named_by_code_and_pointer(
    changes: dict[str, Any], code: str, place: str
) -> None:
    body = json.dumps({"points": [point(**changes)]}).replace("Infinity", "1e999").encode()

    assert fault_of(body) == (code, f"/points/0{place}")


def test_half_a_surrogate_pair_is_refused() -> None:  # J10
    body = rb'{"points": [{"signal": "service.request.rate", "workload": "\ud800", "value": 1}]}'

    assert fault_of(body) == ("text.surrogate", "/points/0")


def test_a_point_needs_a_value_and_a_name() -> None:
    assert fault_of(batch({"signal": "service.request.rate"}))[0] == "field.missing"
    assert fault_of(batch({"value": 1}))[0] == "field.missing"
    assert fault_of(batch(5))[0] == "field.type"
    assert fault_of(batch({"name": "bad name", "value": 1}))[0] == "name.invalid"


def test_a_misspelt_signal_is_answered_with_the_likely_one() -> None:
    message = parse(batch(point(signal="service.request.rates"))).faults[0].message

    assert "Did you mean service.request.rate?" in message


def test_keys_that_are_special_elsewhere_are_plain_labels() -> None:  # J16, J24
    labels = {"__proto__": "x", "constructor": "<script>", "a": "=cmd|' /C calc'!A0"}

    assert parse(batch(point(labels=labels))).count == 1


def test_one_point_too_many_is_refused() -> None:  # J19
    body = b'{"points":[' + b",".join([b'{"value":1}'] * 100_001) + b"]}"

    with pytest.raises(TooLarge) as caught:
        parse(body)
    assert caught.value.code == "batch.points"


def test_a_flood_of_tiny_objects_is_refused_before_it_is_parsed() -> None:  # J23
    assert code_of(b'{"points":[' + b"{}," * 1_000_000 + b"{}]}") == "batch.points"


def test_good_points_survive_beside_bad_ones() -> None:
    parsed = parse(batch(point(), point(value="x"), point(value=3)))

    assert parsed.count == 2
    assert parsed.faults[0].pointer == "/points/1/value"


def test_long_input_is_echoed_short_and_escaped() -> None:
    parsed = parse(batch(point(**{"x\u202e" * 300: 1})))

    assert len(parsed.faults[0].message) < 1500
    assert "\u202e" not in parsed.faults[0].message


def test_each_sample_of_a_new_series_remembers_its_own_place() -> None:
    (one,) = parse(batch(point(value=1), point(signal="nope"), point(value=2))).fresh

    assert one.pointers == ("/points/0", "/points/2")


@pytest.mark.parametrize(
    "text", ['"' + '\\"' * 400_000, '"' + "\\" * 800_001, '"' + "x" * 800_000, '"' * 800_001]
)
def test_a_text_that_never_ends_is_read_once(text: str) -> None:  # J23
    # Takes milliseconds; looking for the end again from each quotation mark would take hours.
    assert code_of(b"[" * 20 + text.encode()) == "json.depth"


def test_a_key_that_comes_twice_is_found_among_many() -> None:  # J09
    keys = ",".join(f'"k{i}":1' for i in range(90_000))

    assert code_of(f'{{{keys},"k7":2}}'.encode()) == "json.duplicate_key"


def test_a_flood_of_bare_numbers_is_refused_before_it_is_parsed() -> None:  # J23
    assert code_of(b'{"points":[' + b"0," * 100_001 + b"0]}") == "batch.points"
    assert code_of(b"{" + b'"k":1,' * 100_001 + b'"k":1}') == "batch.points"


def test_more_new_series_than_a_team_may_have_are_refused_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("controlplane.metrics.wire.collect.MAX_SERIES", 2)
    parsed = parse(batch(*(point(workload=f"w{i}") for i in range(4)), point(workload="w0")))

    assert [one.pointers for one in parsed.fresh] == [("/points/0", "/points/4"), ("/points/1",)]
    assert [(fault.code, fault.pointer) for fault in parsed.faults] == [
        ("series.limit", "/points/2"),
        ("series.limit", "/points/3"),
    ]


def test_what_is_repeated_of_the_input_holds_nothing_a_terminal_acts_on() -> None:
    parsed = parse(batch(point(**{"\x1b[2J\r\n\u202e": 1})))

    assert parsed.faults[0].message == "Unknown field \\x1b[2J\\r\\n\\u202e."


def test_likely_names_are_looked_for_only_where_somebody_reads_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A hundred thousand misspelt names took minutes, and one of a megabyte hours.
    looked: list[str] = []

    def close(name: str, *_: Any, **__: Any) -> list[str]:
        looked.append(name)
        return []

    monkeypatch.setattr("difflib.get_close_matches", close)
    parsed = parse(batch(*(point(signal=f"nope.{i}") for i in range(300))))
    parse(batch(point(signal="x" * 5000)))

    assert parsed.refused == (("signal.unknown", 300),)
    assert looked == [f"nope.{i}" for i in range(10)]
