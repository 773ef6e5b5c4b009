"""A page of Prometheus text or OpenMetrics → samples, and every bad input (T01 …)."""

import math
import struct

import pytest

from controlplane.common.errors import ProductError
from controlplane.metrics.sample import MAX_LABELS, Fresh, Kind, Parsed
from controlplane.metrics.wire import exposition

NOW = 1_772_452_800_000
BS = "\\"


def parse(page: str | bytes, *, known: dict[bytes, int] | None = None, om: bool = False) -> Parsed:
    body = page.encode() if isinstance(page, str) else page
    return exposition.parse(body, known or {}, now_ms=NOW, openmetrics=om)


def only(page: str, *, om: bool = False) -> Fresh:
    (one,) = parse(page, om=om).fresh
    return one


def refusal(page: str | bytes, *, om: bool = False) -> tuple[str, str]:
    """The code, and where it is said to be."""
    with pytest.raises(ProductError) as caught:
        parse(page, om=om)
    faults = caught.value.faults
    return caught.value.code, faults[0].pointer if faults else ""


def test_a_line_is_a_sample_stamped_now() -> None:
    one = only('http_requests_total{method="post",code="200"} 1027\n')

    assert (one.source.name, one.source.canonical) == ("http_requests_total", False)
    assert one.source.labels == (("code", "200"), ("method", "post"))
    assert (one.ts_ms, one.values) == ((NOW,), (1027.0,))


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        ("a 1", ()),
        ("a{} 1", ()),
        ("a {} 1", ()),
        ('a{b="c",} 1', (("b", "c"),)),
        ('a{ b = "c" , d = "e" } 1', (("b", "c"), ("d", "e"))),
        ('\ta\t{b="c"}\t1\t', (("b", "c"),)),
        ('a{b="c"}1', (("b", "c"),)),
        ('a{b="",c="d"} 1', (("c", "d"),)),  # an empty label is no label
        ('a{b="}"} 1', (("b", "}"),)),
        ("a{b=\"x,y='z'\"} 1", (("b", "x,y='z'"),)),
        ('a{b="# no comment"} 1', (("b", "# no comment"),)),
        ('a{b="1 2 3"} 1', (("b", "1 2 3"),)),
        ('a{b="模型"} 1', (("b", "模型"),)),
    ],
)
def test_spacing_commas_and_odd_label_values(line: str, labels: object) -> None:
    one = only(line + "\n")

    assert (one.source.name, one.source.labels, one.values) == ("a", labels, (1.0,))


def test_escapes_are_undone_and_unknown_ones_stay() -> None:
    one = only(f'a{{path="C:{BS}{BS}dir",say="{BS}"hi{BS}"",two="x{BS}ny",odd="{BS}t"}} 1\n')

    assert dict(one.source.labels) == {
        "path": "C:" + BS + "dir",
        "say": '"hi"',
        "two": "x\ny",
        "odd": BS + "t",
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0.0),
        ("-1.5", -1.5),
        ("+1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.7560473e+07", 17560473.0),
        ("2.1E-3", 0.0021),
        ("+Inf", math.inf),
        ("-Inf", -math.inf),
        ("inf", math.inf),
    ],
)
def test_numbers_as_programs_write_them(text: str, value: float) -> None:
    assert only(f"a {text}\n").values == (value,)


def test_minus_zero_keeps_its_sign_and_nan_is_a_value() -> None:
    minus, nan = parse("a -0\nb NaN\n").fresh

    assert struct.pack("<d", minus.values[0]) == struct.pack("<d", -0.0)
    assert math.isnan(nan.values[0])


@pytest.mark.parametrize("text", ["1_000", "0x1A", "١٢", "twelve", "1,5", "--1", "1e", "e5", ""])
def test_what_is_no_number_refuses_the_page(text: str) -> None:  # T01
    assert refusal(f"ok 1\na {text}\n") == ("exposition.malformed", "/line/2")


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("text", ["1e999", "-1e999"])
def test_a_number_beyond_a_double_is_refused_known_series_or_not(text: str, known: bool) -> None:
    keys = {b"a": 0} if known else {}
    with pytest.raises(ProductError) as caught:
        parse(f"a {text}\n", known=keys)

    assert caught.value.code == "value.range"


@pytest.mark.parametrize(
    "line",
    [
        "a{ 2",
        'a{b="c" 2',
        'a{b="c}" 2',
        "a{b=c} 2",
        'a{b="c"d="e"} 2',
        'a{b="c",,} 2',
        'a{,b="c"} 2',
        'a{="c"} 2',
        'a{1b="c"} 2',
        '{b="c"} 2',
        "1a 2",
        "a-b 2",
        "a",
        "a ",
        "a 1 2 3",
        "a 1 # a comment",
        "<html><body>Log in</body></html>",
        '{"points": []}',
    ],
)
def test_a_malformed_line_refuses_the_page_and_says_which(line: str) -> None:  # T01, T08
    assert refusal(f"ok 1\n\n{line}\n") == ("exposition.malformed", "/line/3")


def test_a_label_that_comes_twice_is_refused() -> None:
    assert refusal('a{b="1",b="2"} 3\n') == ("labels.duplicate", "/line/1")


def test_too_many_labels_are_refused_before_they_are_all_read() -> None:
    labels = ",".join(f'l{i}="v"' for i in range(MAX_LABELS + 1))

    assert refusal(f"a{{{labels}}} 1\n")[0] == "label.count"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (f"{'a' * 257} 1", "name.invalid"),
        (f'a{{{"b" * 257}="c"}} 1', "label.length"),
        (f'a{{b="{"c" * 4097}"}} 1', "label.length"),
        ('a{b.c="1",b_c="2"} 1', "label.collision"),
    ],
)
def test_names_and_values_over_their_limits_are_refused(line: str, code: str) -> None:
    assert refusal(line + "\n") == (code, "/line/1")


def test_nul_is_refused_anywhere() -> None:  # T06
    assert refusal(b'a{b="\x00"} 1\n')[0] == "text.nul"
    assert refusal(b"# HELP a \x00\na 1\n")[0] == "text.nul"


def test_bad_utf8_in_a_sample_is_refused_and_in_a_comment_is_nobody_s_business() -> None:
    assert refusal(b'a{b="\xff"} 1\n') == ("text.utf8", "/line/1")
    assert parse(b"# HELP a \xff\n# TYPE \xff gauge\na 1\n").count == 1


def test_comments_help_and_empty_lines_hold_no_samples() -> None:
    page = "# HELP a Text with \\ and # in it.\n#\n# a comment\n\n   \na 1\n"

    assert parse(page).count == 1


@pytest.mark.parametrize("page", ["", "\n\n", "# HELP a b\n# TYPE a gauge\n", "  \t \n"])
def test_a_page_without_samples_is_refused(page: str) -> None:
    assert refusal(page)[0] == "exposition.empty"


def test_a_page_may_end_without_a_line_feed_and_have_windows_line_ends() -> None:
    windows = parse('# TYPE a gauge\r\na{b="c"} 1\r\nd 2\r\n')
    bare = parse("a 1\nb 2")

    assert [one.values for one in windows.fresh] == [(1.0,), (2.0,)]
    assert windows.fresh[0].source.labels == (("b", "c"),)
    assert bare.count == 2


def test_known_series_take_the_short_path_with_windows_line_ends_too() -> None:
    keys = {one.key: slot for slot, one in enumerate(parse('a{b="c"} 1\r\nd 2\r\n').fresh)}
    parsed = parse('d 4\r\na{b="c"} 3\r\n', known=keys)

    assert parsed.fresh == ()
    assert (parsed.slots.tolist(), parsed.values.tolist()) == ([1, 0], [4.0, 3.0])
    assert set(parsed.ts_ms.tolist()) == {NOW}


def test_a_known_series_with_a_time_or_other_spacing_is_still_known() -> None:
    keys = {one.key: slot for slot, one in enumerate(parse('a{b="c"} 1\n').fresh)}
    parsed = parse(f'a{{b="c"}} 3 {NOW - 5}\na{{b="c"}}   4\n', known=keys)

    assert parsed.fresh == ()
    assert parsed.ts_ms.tolist() == [NOW - 5, NOW]
    assert parsed.values.tolist() == [3.0, 4.0]


def test_one_series_twice_on_a_page_is_two_samples_in_their_order() -> None:
    (one,) = parse("a 1\na 2\n").fresh

    assert one.values == (1.0, 2.0)


def test_times_are_milliseconds_in_text_and_seconds_in_openmetrics() -> None:
    assert only("a 1 1395066363000\n").ts_ms == (1395066363000,)
    assert only("a 1 -5\n").ts_ms == (-5,)
    assert only("a 1 1395066363.123\n# EOF\n", om=True).ts_ms == (1395066363123,)


@pytest.mark.parametrize("stamp", ["1e400", "1.5", "now", "9" * 25, "1e3", "0x1", "١"])
def test_what_is_no_time_in_text_refuses_the_page(stamp: str) -> None:  # T06
    assert refusal(f"a 1 {stamp}\n") == ("ts.range", "/line/1")


@pytest.mark.parametrize("stamp", ["1e400", "NaN", "+Inf", "1e16", "now"])
def test_what_is_no_time_in_openmetrics_refuses_the_page(stamp: str) -> None:  # T06
    assert refusal(f"a 1 {stamp}\n# EOF\n", om=True) == ("ts.range", "/line/1")


@pytest.mark.parametrize("end", ["", "# EOF\nmore 1\n", "#EOF", "# EOF x", "a 1 # EOF"])
def test_openmetrics_without_its_end_mark_is_cut_off(end: str) -> None:  # T02
    assert refusal("a 1\n" + end, om=True)[0] == "exposition.truncated"


@pytest.mark.parametrize("end", ["# EOF", "# EOF\n", "# EOF\r\n"])
def test_openmetrics_with_its_end_mark_is_whole(end: str) -> None:
    assert parse("a 1\n" + end, om=True).count == 1


def test_exemplars_belong_to_openmetrics_and_are_stepped_over() -> None:
    page = (
        "# TYPE lat histogram\n"
        'lat_bucket{le="0.1"} 8 # {trace_id="KOO5S4vxi0o"} 0.067\n'
        'lat_bucket{le="+Inf"} 9 1520879607.789 # {trace_id="oHg5SJYRHA0"} 9.8 1520879607.789\n'
        "# EOF\n"
    )
    first, last = parse(page, om=True).fresh

    assert (first.values, first.ts_ms, first.source.kind) == ((8.0,), (NOW,), Kind.BUCKET)
    assert (last.values, last.ts_ms) == ((9.0,), (1520879607789,))


@pytest.mark.parametrize(
    ("declared", "sample", "kind"),
    [
        ("a gauge", "a", Kind.GAUGE),
        ("a_total counter", "a_total", Kind.COUNTER),
        ("a counter", "a_total", Kind.COUNTER),  # as OpenMetrics declares it
        ("a counter", "a", Kind.COUNTER),
        ("a histogram", 'a_bucket{le="1"}', Kind.BUCKET),
        ("a histogram", "a_sum", Kind.SUM),
        ("a histogram", "a_count", Kind.COUNT),
        ("a_total histogram", 'a_total_bucket{le="1"}', Kind.BUCKET),
        ("a summary", "a_sum", Kind.COUNTER),
        ("a summary", "a_count", Kind.COUNTER),
        ("a summary", 'a{quantile="0.5"}', None),
        ("a untyped", "a", None),
        ("a unknown", "a", None),
        ("a info", "a_info", None),
        ("a stateset", 'a{a="on"}', None),
        ("b gauge", "a", None),
        ("a", "a", None),  # a TYPE line without a type declares nothing
    ],
)
def test_declared_types_say_how_values_are_to_be_read(
    declared: str, sample: str, kind: Kind | None
) -> None:
    assert only(f"# TYPE {declared}\n{sample} 1\n").source.kind is kind


def test_a_summary_is_its_quantiles_sum_and_count() -> None:
    page = (
        "# TYPE rpc_seconds summary\n"
        'rpc_seconds{quantile="0.5"} 4773\nrpc_seconds{quantile="0.99"} 76656\n'
        "rpc_seconds_sum 1.7560473e+07\nrpc_seconds_count 2693\n"
    )
    found = {one.source.name + one.source.label("quantile"): one for one in parse(page).fresh}

    assert found["rpc_seconds0.5"].values == (4773.0,)
    assert found["rpc_seconds_sum"].source.kind is Kind.COUNTER
    assert found["rpc_seconds_count"].source.kind is Kind.COUNTER


def test_too_many_samples_are_413(monkeypatch: pytest.MonkeyPatch) -> None:  # T05
    monkeypatch.setattr(exposition, "MAX_SAMPLES", 10)

    assert parse("".join(f"a{i} 1\n" for i in range(10))).count == 10
    assert refusal("".join(f"a{i} 1\n" for i in range(11)))[0] == "sample.limit"
    assert refusal("".join(f"# TYPE a{i} gauge\n" for i in range(11)) + "a 1\n")[0] == (
        "sample.limit"
    )


def test_more_new_series_than_a_team_may_have_are_counted_and_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("controlplane.metrics.wire.collect.MAX_SERIES", 30)
    parsed = parse("".join(f"a{i} 1\n" for i in range(37)))

    assert len(parsed.fresh) == 30
    assert parsed.refused == (("series.limit", 7),)


@pytest.mark.parametrize("page", ["\n" * 300_000, "#\n" * 300_000, "a" * 600_000])
def test_floods_of_lines_and_endless_lines_are_413(page: str) -> None:  # T03
    assert refusal(page)[0] == "page.limit"


@pytest.mark.parametrize(
    "line",
    [
        "a" + " " * 500_000 + "1 2 3",
        "a" + " \t" * 250_000 + "{",
        "a{" + '""' * 250_000,
        "a{" + '"' * 499_999,
        'a{b="' + "\\" * 499_000,
        'a{b="' + '\\"' * 249_000,
        "a{" + 'b="",' * 100_000 + "} 1",
        "a{" + " " * 500_000 + "} 1 x",
        "a " + "1" * 500_000 + "x",
        "a 1 " + "9" * 500_000,
        "a" * 500_000 + " 1",
    ],
)
def test_lines_made_to_be_slow_are_refused_in_one_pass(line: str) -> None:
    # Takes milliseconds; a pattern that goes back over what it read would take hours here.
    assert refusal(line + "\n")[0] in {
        "exposition.malformed",
        "label.count",
        "ts.range",
        "name.invalid",
    }


def test_what_an_answer_repeats_of_the_input_is_short_and_printable() -> None:
    with pytest.raises(ProductError) as caught:
        parse("a \x1b[31m" + "x" * 5000 + "\n")

    assert len(caught.value.detail) < 1500
    assert caught.value.detail.isprintable()
