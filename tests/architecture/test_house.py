"""The house rules that a linter cannot see."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("controlplane", "scaler", "forecasting")
ALLOWED_TOP = {
    "manage.py", "controlplane", "scaler", "forecasting", "templates", "tests", "deploy",
    "requirements.txt", "README.md", "README.zh-CN.md", "Makefile", "pyproject.toml",
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", ".ci", ".gitignore",
}  # fmt: skip


def sources() -> list[Path]:
    return [
        path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def tracked() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return listing.stdout.split()


def test_no_source_file_is_longer_than_300_lines() -> None:
    long = [str(path) for path in sources() if len(path.read_text().splitlines()) > 300]

    assert long == []


def test_every_module_says_what_comes_in_and_what_goes_out() -> None:
    silent = [str(path) for path in sources() if not ast.get_docstring(ast.parse(path.read_text()))]
    unexplained = [path for path in silent if not path.endswith("__init__.py")]

    assert unexplained == []


def test_the_top_level_holds_only_what_was_agreed() -> None:
    assert {path.split("/")[0] for path in tracked()} <= ALLOWED_TOP


def test_nothing_third_party_is_committed() -> None:
    foreign = [
        path for path in tracked() if path.endswith((".min.js", ".min.css")) or "/vendor/" in path
    ]

    assert foreign == []


@pytest.mark.system
def test_the_web_process_never_loads_torch_or_statsmodels() -> None:
    program = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'controlplane.settings';"
        "import controlplane.asgi, controlplane.urls;"
        "print(sorted({'torch', 'statsmodels', 'pandas', 'plotly'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert run.stdout.strip() == "[]"
