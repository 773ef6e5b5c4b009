"""Numbers as a person reads them."""

from datetime import UTC, timedelta, timezone

import pytest

from scaler.engine.quantities import duration, moment, number, quantity
from tests.scaler.looks import NOON


@pytest.mark.parametrize(
    ("value", "unit", "en", "zh"),
    [
        (0.85, "1", "85 %", "85 %"),
        (0.8537, "1", "85.4 %", "85.4 %"),
        (0.999, "1", "99.9 %", "99.9 %"),
        (0.9995, "1", "99.95 %", "99.95 %"),
        (1.0, "1", "100 %", "100 %"),
        (0.162, "s", "162 ms", "162 ms"),
        (0.0004, "s", "0.4 ms", "0.4 ms"),
        (1.0, "s", "1 s", "1 s"),
        (12.34, "s", "12.3 s", "12.3 s"),
        (12.0, "{request}/s", "12/s", "12/s"),
        (90.0, "{request}", "90", "90"),
        (1234.5, "{token}/s", "1,234 tokens/s", "1,234 token/s"),
        (1234.5, "{token}", "1,234 tokens", "1,234 个 token"),
        (3.0, "{replica}", "3 replicas", "3 个副本"),
        (71.5, "Cel", "71.5 °C", "71.5 °C"),
        (350.0, "W", "350 W", "350 W"),
        (512.0, "By", "512 B", "512 B"),
        (80 * 2**30, "By", "80 GiB", "80 GiB"),
        (1.5 * 2**20, "By/s", "1.5 MiB/s", "1.5 MiB/s"),
        (5e18, "By", "4,547,474 TiB", "4,547,474 TiB"),
        (2.5, "{USD}/h", "2.5 USD/h", "2.5 USD/h"),
        (7.0, "", "7", "7"),
    ],
)
def test_a_quantity_has_its_unit(value: float, unit: str, en: str, zh: str) -> None:
    assert (quantity(value, unit), quantity(value, unit, "zh-hans")) == (en, zh)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7, "7"),
        (0.5, "0.5"),
        (10.2, "10.2"),
        (99.96, "100"),
        (236.5, "236"),
        (1_000_000, "1,000,000"),
        (0.000123, "0.0001"),
        (-3.25, "-3.25"),
        (1e12, "1,000,000,000,000"),
        (1e15, "1e+15"),
        (float("nan"), "nan"),
    ],
)
def test_a_number_has_three_digits_that_matter(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "en", "zh"),
    [
        (0, "0 s", "0 秒"),
        (-5, "0 s", "0 秒"),
        (22.6, "23 s", "23 秒"),
        (119, "119 s", "119 秒"),
        (120, "2 min", "2 分钟"),
        (125, "2 min 5 s", "2 分钟 5 秒"),
        (300, "5 min", "5 分钟"),
        (3600, "1 h", "1 小时"),
        (5400, "1 h 30 min", "1 小时 30 分钟"),
        (3601, "1 h", "1 小时"),
        (90_061, "1 d 1 h", "1 天 1 小时"),
        (259_200, "3 d", "3 天"),
    ],
)
def test_a_duration_has_its_two_largest_parts(seconds: float, en: str, zh: str) -> None:
    assert (duration(seconds), duration(seconds, "zh-hans")) == (en, zh)


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        (0, "12:00 UTC"),
        (8, "20:00 UTC+8"),
        (-5, "07:00 UTC-5"),
        (5.5, "17:30 UTC+5:30"),
        (-3.5, "08:30 UTC-3:30"),
    ],
)
def test_an_instant_names_its_zone(hours: float, text: str) -> None:
    zone = timezone(timedelta(hours=hours))

    assert moment(NOON, zone, dated=False) == text


def test_an_instant_far_ahead_has_its_day() -> None:
    assert moment(NOON, UTC, dated=True) == "2026-03-02 12:00 UTC"
