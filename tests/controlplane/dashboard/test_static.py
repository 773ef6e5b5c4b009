"""What browsers load is ours, small, and needs no exception in the policy."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from controlplane.dashboard.finders import SCRIPTS, PackageScripts

STATIC = Path(settings.BASE_DIR) / "controlplane/dashboard/static/dashboard"
TEMPLATES = Path(settings.BASE_DIR) / "templates"
OURS = sorted(path for path in STATIC.iterdir() if path.suffix in {".css", ".js"})


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_every_file_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


def test_the_scripts_of_a_first_page_are_far_below_their_budget() -> None:
    assert sum(path.stat().st_size for path in OURS if path.suffix == ".js") < 60 * 1024


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_packages_script_is_served_from_the_package(name: str) -> None:
    found = finders.find(name)

    assert isinstance(found, str)
    assert Path(found).stat().st_size > 10_000
    assert str(settings.BASE_DIR / "controlplane") not in found


def test_the_finder_offers_nothing_else_of_a_package() -> None:
    assert PackageScripts().find("../plotly/__init__.py") == []
    assert {name for name, _storage in PackageScripts().list(None)} == set(SCRIPTS)


def test_templates_hold_no_inline_script_style_or_handler() -> None:
    wrong = re.compile(
        r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE
    )
    found = [
        f"{path.name}: {match.group(0)}"
        for path in TEMPLATES.rglob("*.html")
        for match in wrong.finditer(path.read_text())
    ]

    assert found == []


def test_scripts_never_write_markup_that_is_not_the_servers() -> None:
    """innerHTML is given what our templates rendered, or what was there before."""
    uses = {
        (path.name, line.strip())
        for path in OURS
        if path.suffix == ".js"
        for line in path.read_text().splitlines()
        if re.search(r"innerHTML\s*=|insertAdjacentHTML|document\.write|eval\(", line)
    }

    assert uses == {
        ("live.js", "box.innerHTML = html;"),
        ("live.js", "box.innerHTML = (await answer.json()).html;"),
        ("crosshair.js", "value.innerHTML = value.dataset.last;"),
    }


def test_every_icon_that_is_used_exists() -> None:
    text = "".join(path.read_text() for path in TEMPLATES.rglob("*.html"))
    used = set(re.findall(r"#i-([a-z]+)\"", text)) | {
        "ok",
        "risk",
        "stale",
        "waiting",
        "off",
        "paused",
    }

    assert used <= set(re.findall(r'symbol id="i-([a-z]+)"', text))


def test_every_class_of_a_template_has_a_rule() -> None:
    """A class without a rule is a typing error or a leftover."""
    css = "".join(path.read_text() for path in OURS if path.suffix == ".css")
    known = set(re.findall(r"\.([a-z][\w-]*)", css))
    text = re.sub(
        r"{[%{].*?[%}]}", " ", "".join(p.read_text() for p in TEMPLATES.rglob("dashboard/*.html"))
    )
    used = {name for value in re.findall(r'class="([^"]*)"', text) for name in value.split()}
    marks = {"fleet", "hair", "event", "ok"}  # found by scripts, or completed by a code

    assert {name for name in used if not name.endswith("-")} - known - marks == set()
