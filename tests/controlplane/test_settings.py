"""Every variable is read strictly: a wrong value stops with a message that says what to write."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "controlplane" / "settings.py"
MANUAL = ROOT / "templates" / "docs" / "settings.md"
OF_UP = {"HOST", "PORT", "TRACE"}  # read by `up` itself


def variables() -> set[str]:
    """Every name that settings.py reads from the environment."""
    calls = (node for node in ast.walk(ast.parse(SOURCE.read_text())) if isinstance(node, ast.Call))
    return {
        str(ast.literal_eval(call.args[0]))
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id.startswith("env_")
    }


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """settings.py executed anew with only these variables set."""

    def loaded(**values: str) -> ModuleType:
        for name in variables():
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(f"{name}_FILE", raising=False)
        monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        spec = importlib.util.spec_from_file_location("settings_under_test", SOURCE)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return loaded


def test_nothing_need_be_set(load: Any, tmp_path: Path) -> None:
    found = load()

    assert found.DATABASES["default"]["NAME"] == str(tmp_path / "data" / "tidewise.sqlite3")
    assert (found.DEBUG, found.BROKER_URL, found.METRICS_URL) == (False, "memory://", "")
    assert found.PUBLIC_URL == "http://127.0.0.1:8000"
    assert (found.CYCLE_SECONDS, found.FORECAST_SECONDS) == (10, 60)
    assert (found.TIME_ZONE, found.LANGUAGE_CODE, found.LOG_FORMAT) == ("UTC", "en", "text")


def test_a_key_is_made_once_and_stays(load: Any, tmp_path: Path) -> None:
    first = load().SECRET_KEY

    assert first == load().SECRET_KEY
    assert len(first) >= 48
    assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "value", "setting", "expected"),
    [
        ("DEBUG", "YES", "DEBUG", True),
        ("DEBUG", " off ", "DEBUG", False),
        ("DEBUG", "  ", "DEBUG", False),
        ("PUBLIC_URL", "https://tide.example.com/", "PUBLIC_URL", "https://tide.example.com"),
        ("PUBLIC_URL", "http://[::1]:8001", "PUBLIC_URL", "http://[::1]:8001"),
        ("ALLOWED_HOSTS", "a.example.com, b.example.com,", "ALLOWED_HOSTS",
         ["a.example.com", "b.example.com"]),
        ("CYCLE_SECONDS", "1", "CYCLE_SECONDS", 1),
        ("FORECAST_SECONDS", "3600", "FORECAST_SECONDS", 3600),
        ("TIME_ZONE", "Asia/Shanghai", "TIME_ZONE", "Asia/Shanghai"),
        ("LANGUAGE_CODE", "zh-hans", "LANGUAGE_CODE", "zh-hans"),
        ("LOG_FORMAT", "json", "LOG_FORMAT", "json"),
        ("BROKER_URL", "amqp://u:p@h:5672/v", "BROKER_URL", "amqp://u:p@h:5672/v"),
        ("CREDENTIAL_KEYS", "a,b", "CREDENTIAL_KEYS", ["a", "b"]),
        ("SECRET_KEY", "x" * 40, "SECRET_KEY", "x" * 40),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318", "OTEL_EXPORTER_OTLP_ENDPOINT",
         "http://c:4318"),
    ],
)  # fmt: skip
def test_a_right_value_is_taken(
    load: Any, name: str, value: str, setting: str, expected: Any
) -> None:
    assert getattr(load(**{name: value}), setting) == expected


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DEBUG", "2", "write DEBUG=true or false"),
        ("DEBUG", "enabled", "write DEBUG=true or false"),
        ("PUBLIC_URL", "tide.example.com", "write https://host"),
        ("PUBLIC_URL", "https://", "write https://host"),
        ("PUBLIC_URL", "ftp://host", "write https://host"),
        ("PUBLIC_URL", "https://host/prefix", "write https://host"),
        ("PUBLIC_URL", "https://host:port", "write https://host"),
        ("PUBLIC_URL", "https://host:99999", "write https://host"),
        ("PUBLIC_URL", "https://user:pw@host", "write https://host"),
        ("PUBLIC_URL", "https://ho st", "write https://host"),
        ("PUBLIC_URL", "https://[::1", "write https://host"),
        ("CYCLE_SECONDS", "0", "from 1 to 300"),
        ("CYCLE_SECONDS", "1.5", "from 1 to 300"),
        ("CYCLE_SECONDS", "10s", "from 1 to 300"),
        ("CYCLE_SECONDS", "１０", "from 1 to 300"),
        ("CYCLE_SECONDS", "9" * 30, "from 1 to 300"),
        ("FORECAST_SECONDS", "5", "from 10 to 3600"),
        ("TIME_ZONE", "Mars/Olympus", "write one like Asia/Shanghai"),
        ("TIME_ZONE", "../../etc/passwd", "write one like Asia/Shanghai"),
        ("TIME_ZONE", "utc+8", "write one like Asia/Shanghai"),
        ("LANGUAGE_CODE", "zh-CN", "one of: en, zh-hans"),
        ("LOG_FORMAT", "xml", "one of: text, json"),
        ("LOG_LEVEL", "TRACE", "one of: DEBUG, INFO, WARNING, ERROR"),
        ("DATABASE_URL", "mysql://u@h/d", "postgresql:// or sqlite:///"),
        ("DATABASE_URL", "tidewise.db", "postgresql:// or sqlite:///"),
        ("DATABASE_URL", "sqlite://", "postgresql:// or sqlite:///"),
        ("DATABASE_URL", "sqlite:///", "names no database"),
        ("DATABASE_URL", "sqlite:///:memory:", "names no database"),
        ("DATABASE_URL", "postgresql://u@h:5432/", "names no database"),
        ("DATABASE_URL", "postgresql://u@h:port/d", "write postgresql://user:password@host"),
        ("METRICS_URL", "promql+http://vm:8428", "unset it"),
    ],
)
def test_a_wrong_value_stops_and_says_what_to_write(
    load: Any, name: str, value: str, words: str
) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        load(**{name: value})

    message = str(caught.value)
    assert message.startswith(name)
    assert words in message


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "DATABASE_URL", "BROKER_URL", "METRICS_URL", "CREDENTIAL_KEYS"]
)
def test_every_secret_may_lie_in_a_file(load: Any, tmp_path: Path, name: str) -> None:
    file = tmp_path / "secret"
    text = "postgresql://u@h/d" if name == "DATABASE_URL" else "k" * 40
    file.write_text(f"{text}\n")
    if name == "METRICS_URL":
        with pytest.raises(ImproperlyConfigured, match="METRICS_URL is set"):
            load(METRICS_URL_FILE=str(file))
        return
    found = load(**{f"{name}_FILE": str(file)})
    taken = {
        "DATABASE_URL": found.DATABASES["default"]["HOST"] == "h",
        "CREDENTIAL_KEYS": [text] == found.CREDENTIAL_KEYS,
    }

    assert taken.get(name, getattr(found, name, None) == text)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file"),
        (b"", "is empty"),
        (b"\xff\xfe", "cannot be read: it is no UTF-8"),
    ],
)
def test_a_secret_file_that_is_no_good_stops(
    load: Any, tmp_path: Path, content: bytes | None, words: str
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ImproperlyConfigured, match=f"SECRET_KEY_FILE {words}"):
        load(SECRET_KEY_FILE=str(file))


def test_a_secret_given_twice_stops(load: Any, tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="keep one of them"):
        load(SECRET_KEY="x" * 40, SECRET_KEY_FILE=str(tmp_path / "secret"))


def test_a_data_directory_that_is_a_file_stops(load: Any, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")

    with pytest.raises(ImproperlyConfigured, match="set DATA_DIR elsewhere"):
        load(DATA_DIR=str(file / "data"))


def test_a_data_directory_may_hold_any_sign(load: Any, tmp_path: Path) -> None:
    odd = tmp_path / "a b#c?d%20"

    assert load(DATA_DIR=str(odd)).DATABASES["default"]["NAME"] == str(odd / "tidewise.sqlite3")


def test_tls_asked_for_in_the_database_url_is_kept(load: Any) -> None:
    found = load(DATABASE_URL="postgresql://u@h/d?sslmode=verify-full&sslrootcert=/ca.pem")

    assert found.DATABASES["default"]["OPTIONS"] == {
        "connect_timeout": 3,
        "sslmode": "verify-full",
        "sslrootcert": "/ca.pem",
    }


def test_cookies_are_for_tls_only_where_the_public_address_is(load: Any) -> None:
    plain, tls = load(), load(PUBLIC_URL="https://tide.example.com")

    assert (plain.SESSION_COOKIE_SECURE, tls.SESSION_COOKIE_SECURE) == (False, True)
    assert tls.SECURE_HSTS_SECONDS == 31536000
    assert load(PUBLIC_URL="http://127.0.0.1:8001").SESSION_COOKIE_NAME != plain.SESSION_COOKIE_NAME


def documented() -> dict[str, tuple[str, str]]:
    """Variable → (default, reason) in the manual's table."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| (.+?) \|$", MANUAL.read_text(), re.MULTILINE)
    return {name: (default, reason) for name, default, reason in rows}


def test_the_manual_explains_every_variable_and_no_other() -> None:
    assert set(documented()) == variables() | OF_UP


def test_every_explanation_says_why_one_would_change_it() -> None:
    for name, (_default, reason) in documented().items():
        assert len(reason) > 40, name
        assert reason.endswith("."), name


def test_the_manual_tells_the_defaults_of_the_code(load: Any) -> None:
    found, told = load(), documented()

    for name in ("CYCLE_SECONDS", "FORECAST_SECONDS", "TIME_ZONE", "LANGUAGE_CODE", "LOG_FORMAT",
                 "LOG_LEVEL", "PUBLIC_URL", "BROKER_URL"):  # fmt: skip
        value = found.LOGGING["root"]["level"] if name == "LOG_LEVEL" else getattr(found, name)
        assert told[name][0] == f"`{value}`", name
    assert told["ALLOWED_HOSTS"][0] == f"`{','.join(found.ALLOWED_HOSTS)}`"
    assert told["DEBUG"][0] == f"`{str(found.DEBUG).lower()}`"


@pytest.mark.system
def test_a_wrong_value_ends_a_command_with_one_line(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(tmp_path), "TIME_ZONE": "Mars"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    (line,) = run.stderr.strip().splitlines()
    assert line.startswith("Tidewise cannot start: TIME_ZONE='Mars' is no IANA time zone; write")
