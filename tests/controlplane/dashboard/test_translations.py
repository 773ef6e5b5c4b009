"""Every string has its Chinese, the catalogue is compiled, and placeholders survive."""

import gettext
import io
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from pytest_django import Settings

from controlplane.dashboard import wording
from controlplane.dashboard.translations.catalogue import Catalogue, compiled, read, write
from controlplane.dashboard.translations.messages import Message, found_in, in_python, in_template
from controlplane.decisions.models import ActuationState
from controlplane.workloads.models import Workload

PO = Path(settings.LOCALE_PATHS[0]) / "zh_Hans/LC_MESSAGES/django.po"
_HOLE = re.compile(r"%\(\w+\)[sd]|%%")


def catalogue() -> Catalogue:
    return read(PO.read_text(encoding="utf-8"))


def test_no_string_is_missing_fuzzy_or_stale() -> None:
    out = io.StringIO()

    call_command("translations", "--check", stdout=out)

    assert "all translated" in out.getvalue()


def test_every_hole_of_a_sentence_is_in_its_translation() -> None:
    broken = [
        message.text
        for message, text in catalogue().texts.items()
        if set(_HOLE.findall(message.plural or message.text)) != set(_HOLE.findall(text))
        # "one" may leave the number out; the plural has it, and Chinese uses the plural's.
    ]

    assert broken == []


def test_the_compiled_catalogue_is_what_gettext_reads() -> None:
    found = gettext.GNUTranslations(io.BytesIO(compiled(catalogue())))

    assert found.gettext("Overview") == "总览"
    assert found.ngettext("One event is marked below.", "%(n)s events are marked below.", 3) == (
        "下方标出 %(n)s 个事件。"
    )
    assert found.gettext("never said") == "never said"


def test_a_catalogue_survives_writing_and_reading() -> None:
    odd = Catalogue(
        {Message('a "quoted"\nline \\'): "乙", Message("one", "many"): "多"},
        frozenset({Message("one", "many")}),
    )

    again = read(write(odd, {message: ["x.py"] for message in odd.texts}))

    assert again == odd


def test_a_fuzzy_translation_is_not_used() -> None:
    fuzzy = Catalogue({Message("a"): "甲"}, frozenset({Message("a")}))

    assert gettext.GNUTranslations(io.BytesIO(compiled(fuzzy))).gettext("a") == "a"


def test_messages_are_found_where_django_would_look_them_up(tmp_path: Path) -> None:
    template = tmp_path / "a.html"
    template.write_text(
        '{% load i18n %}{% if x %}{% translate "at 95 %" %}{% endif %}{% for y in z %}'
        "{% blocktranslate count n=1 %}one{% plural %}{{ n }} of {{ y }}{% endblocktranslate %}"
        "{% endfor %}"
    )
    module = tmp_path / "b.py"
    module.write_text('_("two " "parts"); ngettext("one", "many", 2); other("no"); _(variable)')

    assert set(in_template(template)) == {Message("at 95 %%"), Message("one", "%(n)s of %(y)s")}
    assert set(in_python(module)) == {Message("two parts"), Message("one", "many")}


def test_a_new_string_fails_the_check(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LOCALE_PATHS = [tmp_path]
    monkeypatch.setattr(
        "controlplane.dashboard.management.commands.translations.found_in",
        lambda _root: {Message("brand new"): ["x.py"]},
    )
    call_command("translations", stdout=io.StringIO())

    with pytest.raises(CommandError, match="brand new"):
        call_command("translations", "--check")


def test_the_sources_hold_hundreds_of_messages() -> None:
    assert len(found_in(Path(settings.BASE_DIR))) > 300


def test_every_code_that_rows_carry_has_a_word() -> None:
    modes = {value for value, _label in Workload._meta.get_field("mode").choices or ()}

    assert modes <= set(wording.MODE)
    assert {state.value for state in ActuationState} == set(wording.STATE)
    assert {"beat", "samples", "person", "history"} == set(wording.CAUSE)
