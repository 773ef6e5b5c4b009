"""Guessing is slowed down, and nobody is locked out for good."""

from datetime import datetime, timedelta

from controlplane.dashboard.attempts import MOST, MOST_KEYS, WINDOW, Attempts, Key

ACCOUNT: Key = ("account", "admin")
ADDRESS: Key = ("address", "192.0.2.1")


def failing(times: int, keys: tuple[Key, ...], now: datetime) -> Attempts:
    attempts = Attempts()
    for _ in range(times):
        attempts.failed(keys, now=now)
    return attempts


def test_the_last_allowed_failure_does_not_wait(noon: datetime) -> None:
    attempts = failing(MOST["account"] - 1, (ACCOUNT,), noon)

    assert attempts.wait((ACCOUNT,), now=noon) == timedelta(0)


def test_an_account_that_keeps_failing_waits_until_the_window_has_passed(noon: datetime) -> None:
    attempts = failing(MOST["account"], (ACCOUNT,), noon)

    waits = [attempts.wait((ACCOUNT,), now=noon + after) for after in (timedelta(0), WINDOW)]

    assert waits == [WINDOW, timedelta(0)]


def test_one_address_that_tries_many_accounts_waits_too(noon: datetime) -> None:
    attempts = Attempts()
    for number in range(MOST["address"]):
        attempts.failed((("account", f"user{number}"), ADDRESS), now=noon)

    assert attempts.wait((("account", "fresh"), ADDRESS), now=noon) > timedelta(0)


def test_a_right_password_clears_the_account(noon: datetime) -> None:
    attempts = failing(MOST["account"], (ACCOUNT,), noon)

    attempts.succeeded(ACCOUNT)

    assert attempts.wait((ACCOUNT,), now=noon) == timedelta(0)


def test_endless_names_do_not_fill_the_memory(noon: datetime) -> None:
    attempts = Attempts()
    for number in range(MOST_KEYS + 10):
        attempts.failed((("account", str(number)),), now=noon)

    assert len(attempts._failed) == MOST_KEYS
