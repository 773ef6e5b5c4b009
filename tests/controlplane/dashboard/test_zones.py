"""The zone a person chose, whatever a cookie says."""

import pytest

from controlplane.dashboard.zones import BROWSER_COOKIE, CHOICE_COOKIE, zone_of


@pytest.mark.parametrize(
    ("cookies", "name"),
    [
        ({}, "UTC"),
        ({CHOICE_COOKIE: "utc", BROWSER_COOKIE: "Europe/Berlin"}, "UTC"),
        ({CHOICE_COOKIE: "shanghai"}, "Asia/Shanghai"),
        ({CHOICE_COOKIE: "browser", BROWSER_COOKIE: "Europe/Berlin"}, "Europe/Berlin"),
        ({BROWSER_COOKIE: "America/St_Johns"}, "America/St_Johns"),
        ({BROWSER_COOKIE: "Mars/Olympus"}, "UTC"),
        ({BROWSER_COOKIE: "../../etc/passwd"}, "UTC"),
        ({BROWSER_COOKIE: "/etc/localtime"}, "UTC"),
        ({BROWSER_COOKIE: "Europe"}, "UTC"),
        ({BROWSER_COOKIE: "A" * 500}, "UTC"),
        ({CHOICE_COOKIE: "moon", BROWSER_COOKIE: "Europe/Berlin"}, "Europe/Berlin"),
    ],
)
def test_a_zone_is_found_or_the_installs_own_is_used(cookies: dict[str, str], name: str) -> None:
    assert zone_of(cookies, default="UTC").name == name
