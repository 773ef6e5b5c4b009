"""YAML ↔ validated workload documents, or every fault with its path and a hint."""

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, ClassVar

import yaml
from pydantic import ValidationError

from controlplane.common.errors import Fault, InvalidInput
from controlplane.workloads.spec import WorkloadDocument

MAX_BYTES = 4 * 1024 * 1024  # of a stream: what `export` writes for a few thousand workloads
MAX_SIGNS = 256 * 1024  # of one workload
MAX_NODES = 5000
MAX_DEPTH = 20


class _StrictLoader(yaml.SafeLoader):
    """YAML 1.2's core types only: `no` stays text, `1:30` is no number, keys are unique."""

    # The stubs call it an instance variable, but PyYAML keeps it on the class.
    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, Any]]]] = {}  # type: ignore[misc]


_CORE = (
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", "tf"),
    ("tag:yaml.org,2002:null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("tag:yaml.org,2002:int", r"^[-+]?(?:0|[1-9][0-9]{0,17})$", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"^[-+]?[0-9]{1,30}\.[0-9]{1,30}(?:[eE][-+]?[0-9]{1,3})?$",
        "-+0123456789",
    ),
)


class _StrictDumper(yaml.SafeDumper):
    """Quotes what either YAML version would read as something else than text."""


for _tag, _pattern, _first in _CORE:
    for _side in (_StrictLoader, _StrictDumper):
        _side.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))


def read_documents(text: str) -> list[WorkloadDocument]:
    """Every workload in a YAML stream, each followed by `---`. Raises InvalidInput (422).

    Aliases, tags, duplicate keys and oversized or deeply nested texts are refused while they are
    being read, before anything is built from them.
    """
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        raise InvalidInput("yaml.size", f"The text is over {MAX_BYTES // 2**20} MiB.", status=422)
    plain = [document for document in _load_all(text) if document is not None]
    if not plain:
        raise InvalidInput("yaml.empty", "The text holds no workload.", status=422)
    documents = [_one(document, number, len(plain)) for number, document in enumerate(plain, 1)]
    named = [(each.metadata.team, each.metadata.name) for each in documents]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice:
        raise InvalidInput("yaml.twice", f"{twice[1]!r} is described twice; keep one.", status=422)
    return documents


def write_documents(documents: Iterable[dict[str, Any]]) -> str:
    """Plain documents → the YAML stream that `read_documents` reads back as the same."""
    return yaml.dump_all(
        documents, Dumper=_StrictDumper, sort_keys=False, allow_unicode=True, width=100
    )


def _one(plain: Any, number: int, of: int) -> WorkloadDocument:
    """One document of a stream; where there are several, a fault says which one it is in."""
    try:
        return validate(plain)
    except InvalidInput as error:
        if of > 1:
            error.detail = f"document {number} of {of}: {error.detail}"
        raise


def validate(plain: Any) -> WorkloadDocument:
    """A plain mapping → the document; all faults at once, unknown keys with a suggestion."""
    if not isinstance(plain, Mapping):
        raise InvalidInput("spec.type", "A workload is a mapping, see the example.", status=422)
    try:
        return WorkloadDocument.model_validate(plain)
    except ValidationError as error:
        faults = tuple(_fault(item) for item in error.errors(include_url=False)[:10])
        first = faults[0]
        raise InvalidInput(
            "spec.invalid", f"{first.pointer or '/'}: {first.message}", faults=faults, status=422
        ) from error


def _load_all(text: str) -> list[Any]:
    try:
        _check_events(text)
        loader = _StrictLoader(text)
        try:
            documents = []
            while loader.check_node():
                node = loader.get_node()
                if node is not None:  # an empty document has no node
                    _check_unique(node)
                    documents.append(loader.construct_document(node))
            return documents
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        problem = getattr(error, "problem", None) or "not readable as YAML"
        raise InvalidInput("yaml.syntax", f"{problem}{where}", status=422) from error


def _check_events(text: str) -> None:
    depth = nodes = start = 0
    for event in yaml.parse(text, Loader=_StrictLoader):
        if isinstance(event, yaml.DocumentStartEvent):
            nodes, start = 0, _sign(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise InvalidInput(
                "yaml.alias", "Write the values out: aliases are refused.", status=422
            )
        if tag := str(getattr(event, "tag", None) or ""):
            raise InvalidInput("yaml.tag", f"The tag {tag[:60]} is refused.", status=422)
        nodes += isinstance(event, yaml.NodeEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or nodes > MAX_NODES or _sign(event) - start > MAX_SIGNS:
            raise InvalidInput(
                "yaml.size", "A workload is too long or too deeply nested.", status=422
            )


def _sign(event: yaml.Event) -> int:
    """Where in the text the event ends."""
    return event.end_mark.index if event.end_mark else 0


def _check_unique(node: yaml.Node) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise InvalidInput(
                    "yaml.key", f"A key must be plain text (line {line}).", status=422
                )
            if key.value in seen:
                raise InvalidInput(
                    "yaml.duplicate_key",
                    f"{key.value[:60]!r} is given twice (line {line}).",
                    status=422,
                )
            seen.add(key.value)
            _check_unique(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _check_unique(value)


def _fault(item: Any) -> Fault:
    path = [str(part) for part in item["loc"] if part not in _UNION_TAGS]
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        message = f"unknown key {path[-1]!r}{_suggestion(path)}"
    elif item["type"] == "missing":
        message = f"{path[-1]!r} is missing"
    elif item["type"] == "union_tag_invalid":
        message = f"unknown kind; use one of: {item['ctx']['expected_tags']}"
    return Fault(f"spec.{item['type']}", message, "/" + "/".join(path))


_UNION_TAGS = frozenset({"threshold", "target_policy", "predictive", "idle"})


def _suggestion(path: list[str]) -> str:
    """The key of the schema that looks most like the unknown one."""
    close = difflib.get_close_matches(path[-1], sorted(_known_keys()), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


@cache
def _known_keys() -> frozenset[str]:
    schema = WorkloadDocument.model_json_schema(by_alias=True)
    parts = [schema, *schema["$defs"].values()]
    return frozenset(key for part in parts for key in part.get("properties", {}))
