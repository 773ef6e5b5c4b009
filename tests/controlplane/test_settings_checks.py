"""Start-up checks: each dangerous setting is found, by its own id, with what to write instead."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.checks import Error

from controlplane import checks

MANUAL = Path(__file__).resolve().parents[2] / "templates" / "docs" / "settings.md"
GOOD_KEY = "q8Zk2vTn5bXw9LrD3mYc7HsJ4fGp6AeU1iOoKtNz"
SQLITE = {"ENGINE": "django.db.backends.sqlite3", "NAME": "/tmp/x.sqlite3"}  # noqa: S108 - no file is made
NFS = "proc /proc proc rw 0 0\nserver:/data /tmp nfs4 rw 0 0\n/dev/sda1 / ext4 rw 0 0\n"


@pytest.fixture
def good(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimpleNamespace:
    """Settings with which no check complains."""
    settings = SimpleNamespace(
        SECRET_KEY=GOOD_KEY,
        ALLOWED_HOSTS=["tide.example.com"],
        PUBLIC_URL="https://tide.example.com",
        DATA_DIR=tmp_path,
        DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "d"}},
        CREDENTIAL_KEYS=[],
        BROKER_URL="amqp://u:p@h//",
        DEBUG=False,
        OTEL_EXPORTER_OTLP_ENDPOINT="",
    )
    monkeypatch.setattr(checks, "settings", settings)
    (tmp_path / "file").write_text("")
    return settings


def ids() -> list[str]:
    return [str(message.id) for message in checks.start_up()]


def test_good_settings_raise_no_complaint(good: SimpleNamespace) -> None:
    assert ids() == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SECRET_KEY", "short", "CP.E001"),
        ("SECRET_KEY", "a" * 50, "CP.E001"),
        ("SECRET_KEY", "changeme-" + GOOD_KEY, "CP.E001"),
        ("SECRET_KEY", "django-insecure-" + GOOD_KEY, "CP.E001"),
        ("ALLOWED_HOSTS", ["*"], "CP.E002"),
        ("DATA_DIR", "file/data", "CP.E003"),
        ("CREDENTIAL_KEYS", ["not-32-bytes"], "CP.E006"),
        ("CREDENTIAL_KEYS", ["A" * 43 + "=", "short"], "CP.E006"),
        ("BROKER_URL", "kafka://h", "CP.E007"),
        ("BROKER_URL", "filesystem://", "CP.E007"),
        ("DEBUG", True, "CP.E008"),
        ("PUBLIC_URL", "http://tide.example.com", "CP.W001"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318", "CP.W002"),
    ],
)
def test_each_dangerous_value_is_found(
    good: SimpleNamespace, name: str, value: Any, expected: str
) -> None:
    setattr(good, name, good.DATA_DIR / value if name == "DATA_DIR" else value)

    assert ids() == [expected]


def test_a_right_credential_key_is_no_complaint(good: SimpleNamespace) -> None:
    good.CREDENTIAL_KEYS = ["A" * 43 + "="]

    assert ids() == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000"])
def test_plain_http_and_debug_are_fine_where_only_this_machine_listens(
    good: SimpleNamespace, url: str
) -> None:
    good.PUBLIC_URL, good.DEBUG = url, True

    assert ids() == []


def test_sqlite_on_a_network_disk_is_found(
    good: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    good.DATABASES = {"default": SQLITE}
    monkeypatch.setattr(Path, "read_text", lambda *_args, **_words: NFS)

    assert [message.id for message in checks.local_disk()] == ["CP.E004"]


def test_the_deepest_mount_decides_and_postgresql_needs_none(
    good: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_args, **_words: NFS)

    assert checks.filesystem_of(Path("/srv/x")) == "ext4"
    assert list(checks.local_disk()) == []


def test_an_old_sqlite_is_found(good: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    good.DATABASES = {"default": SQLITE}
    monkeypatch.setattr("sqlite3.sqlite_version_info", (3, 34, 1))

    assert [message.id for message in checks.sqlite_version()] == ["CP.E005"]


def every_complaint(good: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    good.SECRET_KEY, good.ALLOWED_HOSTS, good.DATA_DIR = "x", ["*"], good.DATA_DIR / "file"
    good.CREDENTIAL_KEYS, good.BROKER_URL, good.DEBUG = ["x"], "kafka://", True
    good.OTEL_EXPORTER_OTLP_ENDPOINT = "http://collector:4318"
    good.DATABASES = {"default": SQLITE}
    monkeypatch.setattr("sqlite3.sqlite_version_info", (3, 34, 1))
    monkeypatch.setattr(checks, "filesystem_of", lambda _path: "nfs4")
    found = checks.start_up()
    good.PUBLIC_URL = "http://tide.example.com"
    return found + list(checks.plain_http())


def test_every_complaint_has_an_id_of_its_own_and_a_hint(
    good: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = every_complaint(good, monkeypatch)
    names = [message.id for message in found]

    assert len(set(names)) == len(names) == 10
    for message in found:
        assert re.fullmatch(r"CP\.[EW]\d{3}", message.id)
        assert (message.id[3] == "E") == isinstance(message, Error)
        assert len(message.hint) > 20
        assert message.hint.endswith((".", "'"))


def test_the_manual_lists_every_check(
    good: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = set(re.findall(r"CP\.[EW]\d{3}", MANUAL.read_text()))

    assert told == {message.id for message in every_complaint(good, monkeypatch)}
