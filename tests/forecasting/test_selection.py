"""Scores of several models → who serves, and why."""

import pytest

from forecasting.selection import Candidate, choose, keeps_its_place

LAST = Candidate("last-value", 0.10)


def test_the_smallest_loss_serves_and_says_how_much_it_gains() -> None:
    choice = choose([LAST, Candidate("a", 0.09), Candidate("b", 0.08)])

    assert (choice.name, choice.reason) == ("b", "20.0% less loss than the last value")


def test_less_than_two_per_cent_is_luck() -> None:
    assert choose([LAST, Candidate("a", 0.0981)]).name == "last-value"
    assert choose([LAST, Candidate("a", 0.0979)]).name == "a"
    assert "does not beat" in choose([LAST, Candidate("a", 0.0981)]).reason


def test_the_last_value_serves_when_it_is_best_or_alone() -> None:
    assert choose([Candidate("a", 0.2), LAST]).reason == "the smallest loss of 2 models (0.1000)"
    assert choose([LAST]).reason == "no other model could learn from this history yet"


def test_yesterday_must_be_clearly_better_than_what_looks_at_the_present() -> None:
    present, close, clear = (
        Candidate("a", 0.080), Candidate("seasonal-naive", 0.074), Candidate("seasonal-naive", 0.07)
    )  # fmt: skip

    assert choose([LAST, present, close]).name == "a"
    assert choose([LAST, present, clear]).reason == "30.0% less loss than the last value"


def test_nothing_beats_a_perfect_last_value() -> None:
    perfect = Candidate("last-value", 0.0)

    assert choose([perfect, Candidate("a", 0.0)]).name == "last-value"
    assert choose([Candidate("a", 0.0), perfect]).name == "last-value"


def test_without_the_bar_the_smallest_loss_serves() -> None:
    assert choose([Candidate("a", 0.2), Candidate("b", 0.1)]).name == "b"


@pytest.mark.parametrize(
    ("champion", "challenger", "stays"),
    [(0.1, 0.12, True), (0.1, 0.1, False), (0.1, 0.1009, False), (0.1, 0.08, False), (0, 0, False)],
)
def test_a_champion_gives_way_unless_it_is_clearly_better(
    champion: float, challenger: float, stays: bool
) -> None:
    assert keeps_its_place(champion, challenger) is stays
