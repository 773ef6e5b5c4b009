"""Human units are read strictly and written back exactly."""

from datetime import timedelta
from decimal import Decimal

import pytest

from controlplane.workloads.units import (
    format_duration,
    format_ratio,
    parse_amount,
    parse_bound,
    parse_duration,
    parse_ratio,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("200ms", 0.2), ("5m", 300), ("1h30m", 5400), ("0.5s", 0.5), ("2d", 172800)],
)
def test_durations_are_read_with_their_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("raw", ["5", 5, "", "5 minutes", "m5", "5m ", None, True, "1:30", "-5m"])
def test_a_duration_without_a_clear_unit_is_refused(raw: object) -> None:
    if raw == "5m ":
        assert parse_duration(raw) == timedelta(minutes=5)
        return
    with pytest.raises(ValueError, match="duration with its unit"):
        parse_duration(raw)


@pytest.mark.parametrize("text", ["200ms", "30s", "5m", "90m", "24h", "1d", "1500ms"])
def test_a_written_duration_reads_back_as_the_same(text: str) -> None:
    value = parse_duration(text)

    assert parse_duration(format_duration(value)) == value


@pytest.mark.parametrize(
    ("raw", "share"), [("85%", 0.85), ("99.9%", 0.999), (0.5, 0.5), (1, 1.0), ("0%", 0.0)]
)
def test_shares_are_read_as_ratios(raw: object, share: float) -> None:
    assert parse_ratio(raw) == share


@pytest.mark.parametrize("raw", [85, "85", "eighty", -0.1, 1.1, float("nan"), True, None])
def test_a_share_that_could_mean_two_things_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match="share"):
        parse_ratio(raw)


@pytest.mark.parametrize("share", [0.85, 0.999, 0.5, 1.0, 0.123])
def test_a_written_share_reads_back_as_the_same(share: float) -> None:
    assert parse_ratio(format_ratio(share)) == share


def test_money_is_exact() -> None:
    assert parse_amount("2.50") == Decimal("2.50")


@pytest.mark.parametrize("raw", [2.5, "NaN", "-1", "1,5", "", None, True, "Infinity"])
def test_money_that_is_not_exact_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match="money"):
        parse_amount(raw)


@pytest.mark.parametrize(("raw", "bound"), [("85%", 0.85), ("200ms", 0.2), (12, 12.0), ("1s", 1.0)])
def test_bounds_are_read_in_base_units(raw: object, bound: float) -> None:
    assert parse_bound(raw) == bound


@pytest.mark.parametrize("raw", [float("nan"), float("inf"), True, None, [], "many"])
def test_a_bound_that_is_no_finite_number_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match=r"unit"):
        parse_bound(raw)
