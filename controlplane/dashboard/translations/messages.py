"""Templates and Python files → every message that is marked for translation."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.template import engines
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

_CALLS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}


@dataclass(frozen=True, slots=True)
class Message:
    """What is looked up: the English text, and its plural where it counts something."""

    text: str
    plural: str | None = None


def found_in(root: Path) -> dict[Message, list[str]]:
    """Message → the files that say it, as paths below `root`."""
    found: dict[Message, list[str]] = {}
    files = [
        *((path, in_template(path)) for path in sorted((root / "templates").rglob("*.html"))),
        *((path, in_python(path)) for path in sorted((root / "controlplane").rglob("*.py"))),
    ]
    for path, messages in files:
        place = path.relative_to(root).as_posix()
        for message in messages:
            places = found.setdefault(message, [])
            if place not in places:
                places.append(place)
    return found


def in_template(path: Path) -> Iterator[Message]:
    """Every `translate` and `blocktranslate` of a template, as Django itself will look it up."""
    template: Any = engines["django"].from_string(path.read_text(encoding="utf-8"))
    yield from _walk(template.template.nodelist)


def _walk(nodes: Any) -> Iterator[Message]:
    for node in nodes:
        if isinstance(node, TranslateNode):
            # As Variable.resolve looks it up: with every % doubled.
            yield Message(str(node.filter_expression.var.literal).replace("%", "%%"))
        elif isinstance(node, BlockTranslateNode):
            yield _block(node)
        for part in node.child_nodelists:
            yield from _walk(getattr(node, part, ()))


def _block(node: BlockTranslateNode) -> Message:
    singular, _names = node.render_token_list(node.singular)
    if not node.plural:
        return Message(singular)
    plural, _names = node.render_token_list(node.plural)
    return Message(singular, plural)


def in_python(path: Path) -> Iterator[Message]:
    """Every call of a gettext function whose arguments are written out."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from _call(node.func.id, node.args)


def _call(name: str, arguments: list[ast.expr]) -> Iterator[Message]:
    texts = [
        each.value
        for each in arguments[:2]
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    if name in _CALLS and texts:
        counts = name.startswith("ngettext") and len(texts) == 2
        yield Message(texts[0], texts[1] if counts else None)
