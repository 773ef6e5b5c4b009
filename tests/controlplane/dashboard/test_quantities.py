"""Numbers in base units become what a person reads, and absence never becomes zero."""

from decimal import Decimal

import pytest

from controlplane.dashboard.presenters import quantities as q

NB = "\u00a0"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2e-5, "20 µs"),
        (0.0095, "9.5 ms"),
        (0.162, "162 ms"),
        (0.9999, "1 s"),
        (1.25, "1.25 s"),
        (12.44, "12.4 s"),
        (59.96, "1 m"),
        (220, "3 m 40 s"),
        (7300, "2 h 1 m"),
        (300_000, "3 d 11 h"),
        (0, "0 s"),
        (-220, "−3 m 40 s"),
    ],
)
def test_a_duration_is_never_rounded_to_nothing(seconds: float, text: str) -> None:
    assert str(q.duration(seconds)).replace(NB, " ") == text


def test_long_durations_are_spelled_in_chinese() -> None:
    assert str(q.duration(220, "zh-hans")).replace(NB, " ") == "3 分 40 秒"


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (3, "3", "3"),
        (9999, "9,999", "9,999"),
        (12_345, "12.3k", "1.23 万"),
        (1_234_567, "1.23M", "123 万"),
        (250_000_000, "250M", "2.5 亿"),
        (0.5, "0.5", "0.5"),
    ],
)
def test_large_counts_are_grouped_as_the_language_does(
    value: float, english: str, chinese: str
) -> None:
    found = [str(q.count(value, language)).replace(NB, " ") for language in ("en", "zh-hans")]

    assert found == [english, chinese]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.714, "1", "71.4 %"),
        (-0.08, "1", "−8.0 %"),
        (305e9, "By", "284 GiB"),
        (512, "By", "512 B"),
        (2e7, "By/s", "160 Mbit/s"),
        (228.31, "{request}/s", "228 req/s"),
        (75_600, "{token}/s", "75.6k tok/s"),
        (12.0, "{request}", "12"),
        (2500, "W", "2.5 kW"),
        (71.2, "Cel", "71.2 °C"),
        (16.5, "{USD}/h", "16.50 USD/h"),
        (0.0123, "{USD}", "0.0123 USD"),
        (0.25, "s", "250 ms"),
        (3.5, "", "3.5"),
    ],
)
def test_a_signals_value_wears_its_unit(value: float, unit: str, text: str) -> None:
    assert str(q.quantity(value, unit)).replace(NB, " ") == text


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_what_is_not_known_is_a_dash(value: float | None) -> None:
    spelled = {str(f(value)) for f in (q.duration, q.count, q.ratio, q.change, q.age)}

    assert spelled | {str(q.quantity(value, "s"))} == {"–"}


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("412.805", "USD", "412.80 USD"),
        ("412.815", "USD", "412.82 USD"),
        ("-3", "CNY", "−3.00 CNY"),
        ("1234.6", "JPY", "1,235 JPY"),
    ],
)
def test_money_always_names_its_currency_and_is_rounded_to_what_can_be_paid(
    amount: str, currency: str, text: str
) -> None:
    assert str(q.money(Decimal(amount), currency)).replace(NB, " ") == text


def test_money_without_an_amount_is_a_dash() -> None:
    assert str(q.money(None, "USD")) == "–"


@pytest.mark.parametrize(("value", "text"), [(0.22, "+22 %"), (-0.08, "−8 %"), (0.001, "±0 %")])
def test_a_change_always_has_its_sign(value: float, text: str) -> None:
    assert str(q.change(value)).replace(NB, " ") == text


@pytest.mark.parametrize(("seconds", "text"), [(3.2, "3 s"), (-1, "0 s"), (75, "1 m 15 s")])
def test_an_age_is_whole_seconds_and_never_negative(seconds: float, text: str) -> None:
    assert str(q.age(seconds)).replace(NB, " ") == text


def test_a_title_names_the_unit_and_leaves_plain_counts_alone() -> None:
    words = [q.unit_word(unit) for unit in ("s", "1", "By", "{request}/s", "{user}", "W")]

    assert words == ["s", "%", "GiB", "req/s", "", "W"]
