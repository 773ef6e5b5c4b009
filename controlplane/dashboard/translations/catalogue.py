"""A catalogue of translations ↔ a .po file for people and a .mo file for gettext. Pure.

Only what our own catalogues use: no contexts, no fuzzy entries, one plural form. A translator who
works with other tools gets a plain .po; `fuzzy` flags they leave are seen and refused.
"""

import ast
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controlplane.dashboard.translations.messages import Message

HEADER = (
    "Language: zh_Hans\n"
    "MIME-Version: 1.0\n"
    "Content-Type: text/plain; charset=UTF-8\n"
    "Content-Transfer-Encoding: 8bit\n"
    "Plural-Forms: nplurals=1; plural=0;\n"
)
_MAGIC = 0x950412DE  # little-endian .mo


@dataclass(frozen=True, slots=True)
class Catalogue:
    """English → translation (empty while there is none), and the messages marked fuzzy."""

    texts: Mapping[Message, str]
    fuzzy: frozenset[Message] = frozenset()


def read(text: str) -> Catalogue:
    """A .po file's content → the catalogue. Raises ValueError at a line that is not understood."""
    texts: dict[Message, str] = {}
    fuzzy: set[Message] = set()
    for block in text.split("\n\n"):
        fields, flags = _fields(block)
        if fields.get("msgid"):
            message = Message(fields["msgid"], fields.get("msgid_plural"))
            texts[message] = fields.get("msgstr[0]", fields.get("msgstr", ""))
            if "fuzzy" in flags:
                fuzzy.add(message)
    return Catalogue(texts, frozenset(fuzzy))


def _fields(block: str) -> tuple[dict[str, str], str]:
    fields: dict[str, str] = {}
    flags, name = "", ""
    for line in block.splitlines():
        if line.startswith("#,"):
            flags += line
        elif line.startswith("#") or not line.strip():
            continue
        elif line.startswith('"'):
            fields[name] += _unquoted(line)
        else:
            name, _, rest = line.partition(" ")
            fields[name] = _unquoted(rest)
    return fields, flags


def _unquoted(text: str) -> str:
    found = ast.literal_eval(text.strip())
    if not isinstance(found, str):
        raise TypeError(f"not a quoted text: {text}")
    return found


def write(catalogue: Catalogue, places: Mapping[Message, Iterable[str]]) -> str:
    """The .po file: one entry a message, sorted, with the files that say it."""
    blocks = [f'msgid ""\nmsgstr ""\n{_quoted_lines(HEADER)}']
    for message in sorted(places, key=lambda each: (each.text, each.plural or "")):
        lines = [f"#: {place}" for place in sorted(places[message])]
        if message in catalogue.fuzzy:
            lines.append("#, fuzzy")
        lines.append(f"msgid {_quoted(message.text)}")
        translation = _quoted(catalogue.texts.get(message, ""))
        if message.plural is None:
            lines.append(f"msgstr {translation}")
        else:
            lines += [f"msgid_plural {_quoted(message.plural)}", f"msgstr[0] {translation}"]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _quoted_lines(text: str) -> str:
    return "\n".join(_quoted(line) for line in text.splitlines(keepends=True))


def compiled(catalogue: Catalogue) -> bytes:
    """The .mo file: sorted keys and values behind two tables of lengths and offsets."""
    pairs = sorted(
        [(b"", HEADER.encode())]
        + [
            (_key(message), text.encode())
            for message, text in catalogue.texts.items()
            if text and message not in catalogue.fuzzy
        ]
    )
    count = len(pairs)
    start = 28 + 16 * count
    tables: list[tuple[int, int]] = []
    body = b""
    for side in (0, 1):
        for pair in pairs:
            tables.append((len(pair[side]), start + len(body)))
            body += pair[side] + b"\0"
    head = struct.pack("<7I", _MAGIC, 0, count, 28, 28 + 8 * count, 0, start)
    return head + b"".join(struct.pack("<2I", *entry) for entry in tables) + body


def _key(message: Message) -> bytes:
    whole = message.text if message.plural is None else f"{message.text}\0{message.plural}"
    return whole.encode()
