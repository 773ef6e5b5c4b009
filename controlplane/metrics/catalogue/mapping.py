"""A series as its sender names it → which signal it is and how its values become ours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from math import inf
from typing import Any

from controlplane.metrics.catalogue.signals import (
    BadCatalogue,
    bounds_of,
    describe,
    only_keys,
    read_yaml,
    signals,
)
from controlplane.metrics.sample import CUMULATIVE, Identity, Kind, Source

FILES = ("vllm.yaml", "dcgm.yaml", "node_exporter.yaml")
KINDS = ("gauge", "counter", "histogram")
# value · factor / divisor + offset. Dividing, not multiplying by 0.01: 57 % is to be 0.57 and not
# 0.5700000000000001, which would also store seven times as many bytes.
# `idle` is done when the series is read, on its rate.
TRANSFORMS: dict[str, tuple[float, float, float]] = {
    "id": (1.0, 1.0, 0.0),
    "/100": (1.0, 100.0, 0.0),
    "/1000": (1.0, 1000.0, 0.0),
    "/1e6": (1.0, 1e6, 0.0),
    "*1e6": (1e6, 1.0, 0.0),
    "*1048576": (1048576.0, 1.0, 0.0),
    "1-x": (-1.0, 1.0, 1.0),
    "idle": (1.0, 1.0, 0.0),
}
_EDGE = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|\+?[Ii]nf", re.ASCII)
_HISTOGRAM_PARTS = {"_bucket": Kind.BUCKET, "_sum": Kind.SUM, "_count": Kind.COUNT}


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a mapping file."""

    signal: str | None  # None: drop the series
    kind: str
    want: tuple[tuple[str, tuple[str, ...]], ...]  # label → patterns, one of each must match
    rename: tuple[tuple[str, tuple[str, ...]], ...]  # ours ← the first of theirs that is there
    transform: str
    bounds: tuple[float, float]
    deprecated: frozenset[str]
    blanks: bool

    def fits(self, labels: dict[str, str]) -> bool:
        return all(
            any(fnmatchcase(labels.get(name, ""), pattern) for pattern in patterns)
            for name, patterns in self.want
        )


@dataclass(frozen=True, slots=True)
class Bound:
    """How one source series is stored: its identity, and what happens to its values."""

    identity: Identity
    bounds: tuple[float, float]  # of the transformed value
    transform: tuple[float, float, float] = TRANSFORMS["id"]  # factor, divisor, offset
    blanks: bool = False  # whether numbers near 2^63 mean "no value"


@dataclass(frozen=True, slots=True)
class Tables:
    """All mapping files: rules by source name, and prefixes to rewrite."""

    rules: dict[str, tuple[Rule, ...]]
    prefixes: tuple[tuple[str, str], ...]

    def find(self, name: str, labels: dict[str, str]) -> Rule | None:
        return next((rule for rule in self.rules.get(name, ()) if rule.fits(labels)), None)

    def renamed(self, name: str) -> bool:
        """Whether this source name is an alias its engine no longer uses."""
        plain = plain_name(rewritten(name, self.prefixes))
        return any(plain in rule.deprecated for rule in self.rules.get(plain, ()))


def bind(source: Source, workload: str = "") -> Bound | None:
    """How to store this series; None when it is dropped on purpose.

    `workload` becomes the label of that name where the sender set none. A metric that no mapping
    knows keeps its own name, so that nothing accepted is lost.
    """
    labels = dict(source.labels)
    if workload:
        labels.setdefault("workload", workload)
    if source.canonical:
        return _canonical(source, labels)
    if source.name.endswith("_created"):
        return None  # a timestamp that OpenMetrics repeats beside every counter
    name = rewritten(source.name, tables().prefixes)
    plain, part = _split(name, labels)
    for candidate in dict.fromkeys((plain, plain_name(plain))):
        rule = tables().find(candidate, labels)
        if rule is not None and (part is None) == (rule.kind != "histogram"):
            return _ruled(rule, source, labels, part)
    return _unmapped(source, labels, part)


def rewritten(name: str, prefixes: tuple[tuple[str, str], ...]) -> str:
    for old, new in prefixes:
        if name.startswith(old):
            return new + name[len(old) :]
    return name


def plain_name(name: str) -> str:
    """Counters are declared without `_total` and sent with it; both mean the same."""
    return name.removesuffix("_total")


def _split(name: str, labels: dict[str, str]) -> tuple[str, Kind | None]:
    """A histogram's part → its base name and which part, if a mapping knows the base."""
    for suffix, part in _HISTOGRAM_PARTS.items():
        base = name.removesuffix(suffix)
        rule = tables().find(base, labels) if base != name else None
        if rule is not None and rule.kind == "histogram" and _whole(part, labels):
            return base, part
    return name, None


def _whole(part: Kind, labels: dict[str, str]) -> bool:
    """A bucket without a number for its upper edge is no bucket: nobody could read it as one."""
    return part is not Kind.BUCKET or upper_edge(labels) is not None


def upper_edge(labels: Mapping[str, str]) -> float | None:
    """A bucket's upper edge, None when `le` does not say it."""
    text = labels.get("le", "")
    return float(text) if _EDGE.fullmatch(text) else None


def _canonical(source: Source, labels: dict[str, str]) -> Bound:
    known = describe(source.name)
    kind = source.kind or (Kind.GAUGE if upper_edge(labels) is None else Kind.BUCKET)
    # A signal's bounds are those of the value it is read as, which for a counter is its rate.
    bounds = known.bounds if kind is Kind.GAUGE else (-inf, inf)
    return Bound(_identity(source.name, kind, labels, source), bounds)


def _ruled(rule: Rule, source: Source, labels: dict[str, str], part: Kind | None) -> Bound | None:
    if rule.signal is None:
        return None
    for ours, theirs in rule.rename:
        found = next((name for name in theirs if name in labels), None)
        if found is not None and ours not in labels:
            labels[ours] = labels.pop(found)
    kind = part or (Kind.COUNTER if rule.kind == "counter" else Kind.GAUGE)
    if rule.transform == "idle":
        kind = Kind.COMPLEMENT
    bounds = (0.0, inf) if kind in CUMULATIVE else rule.bounds
    identity = _identity(rule.signal, kind, labels, source)
    return Bound(identity, bounds, TRANSFORMS[rule.transform], rule.blanks)


def _unmapped(source: Source, labels: dict[str, str], part: Kind | None) -> Bound:
    kind = source.kind or part or _guess(source.name)
    if not _whole(kind, labels):
        kind = Kind.COUNTER
    return Bound(_identity(source.name, kind, labels, source), (-inf, inf))


def _guess(name: str) -> Kind:
    if name.endswith("_bucket"):
        return Kind.BUCKET
    if name.endswith(("_total", "_sum", "_count")):
        return Kind.COUNTER
    return Kind.GAUGE


def _identity(signal: str, kind: Kind, labels: dict[str, str], source: Source) -> Identity:
    return Identity(signal, kind, tuple(sorted(labels.items())), source.name)


@cache
def tables() -> Tables:
    """Every mapping file, read once. Raises BadCatalogue."""
    rules: dict[str, list[Rule]] = {}
    prefixes: list[tuple[str, str]] = []
    for file in FILES:
        keys = {"engine", "prefixes", "labels", "blanks", "drop", "map"}
        content = only_keys(read_yaml(file, dict), keys, file)
        prefixes += content.get("prefixes", {}).items()
        for names, rule in _rules(content, file):
            for name in names:
                rules.setdefault(plain_name(name) if rule.kind == "counter" else name, []).append(
                    rule
                )
    return Tables({name: tuple(found) for name, found in rules.items()}, tuple(prefixes))


def _rules(content: dict[str, Any], file: str) -> list[tuple[list[str], Rule]]:
    rename = _listed(content.get("labels", {}))
    blanks = bool(content.get("blanks", False))
    drops = [
        _rule({"match": {**drop, "kind": "counter"}}, f"{file}: drop", (), blanks=blanks)
        for drop in content.get("drop", [])
    ]
    return drops + [
        _rule(entry, f"{file}: {entry.get('signal')}", rename, blanks=blanks)
        for entry in content.get("map", [])
    ]


def _listed(mapping: dict[str, Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """One word or a list of them → a tuple of words, for each key."""
    return tuple(
        (name, (words,) if isinstance(words, str) else tuple(words))
        for name, words in mapping.items()
    )


def _rule(
    entry: Any, where: str, rename: tuple[tuple[str, tuple[str, ...]], ...], *, blanks: bool
) -> tuple[list[str], Rule]:
    fields = only_keys(entry, {"signal", "match", "transform", "bounds", "deprecated"}, where)
    match = only_keys(fields.get("match"), {"name", "kind", "labels"}, f"{where}: match")
    signal = fields.get("signal")
    if signal is not None and signal not in signals():
        raise BadCatalogue(f"{where}: signals.yaml does not know it")
    if match.get("kind") not in KINDS:
        raise BadCatalogue(f"{where}: kind must be one of {', '.join(KINDS)}")
    if fields.get("transform", "id") not in TRANSFORMS:
        raise BadCatalogue(f"{where}: transform must be one of {', '.join(TRANSFORMS)}")
    names = match.get("name")
    if not (isinstance(names, list) and names):
        raise BadCatalogue(f"{where}: name must be a list of source names")
    bounds = signals()[signal].bounds if signal is not None else (-inf, inf)
    if "bounds" in fields:
        bounds = bounds_of(fields["bounds"], where)
    return names, Rule(
        signal,
        match["kind"],
        _listed(match.get("labels", {})),
        rename,
        fields.get("transform", "id"),
        bounds,
        frozenset(fields.get("deprecated", [])),
        blanks,
    )
