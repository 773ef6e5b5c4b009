"""signals.yaml → the signals we know, each with unit, aggregation, bounds and two descriptions."""

from dataclasses import dataclass
from functools import cache
from math import inf
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
LAYERS = ("experience", "service", "business", "infra")
AGGREGATIONS = ("sum", "max", "mean", "merge")
_KEYS = {"signal", "unit", "agg", "bounds", "derive", "en", "zh"}


class BadCatalogue(ValueError):
    """A catalogue file is not as it must be; the message names file and entry."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that can be measured. `derive` lists (signal, weight) that add up to it."""

    name: str
    unit: str
    agg: str
    bounds: tuple[float, float]
    en: str
    zh: str
    derive: tuple[tuple[str, float], ...] = ()

    @property
    def layer(self) -> str:
        return self.name.split(".", 1)[0]


@cache
def signals() -> dict[str, Signal]:
    """Every known signal by name. Raises BadCatalogue."""
    found = [_signal(entry) for entry in read_yaml("signals.yaml", list)]
    table = {signal.name: signal for signal in found}
    if len(table) != len(found):
        raise BadCatalogue("signals.yaml names a signal twice")
    for signal in found:
        for part, _ in signal.derive:
            if part not in table:
                raise BadCatalogue(f"signals.yaml: {signal.name} derives from unknown {part}")
    return table


def describe(name: str) -> Signal:
    """The signal's entry; for names outside the catalogue one that assumes nothing.

    Business signals are the user's own to name, and unmapped metrics keep their own name.
    """
    known = signals().get(name)
    if known is not None:
        return known
    agg = "sum" if name.startswith("business.") else "mean"
    return Signal(name, "", agg, (-inf, inf), "A metric without a mapping.", "没有映射的指标。")


def read_yaml(file: str, kind: type) -> Any:
    """A catalogue file's content. Raises BadCatalogue unless its root is a `kind`."""
    content = yaml.safe_load((HERE / file).read_text(encoding="utf-8"))
    if not isinstance(content, kind):
        raise BadCatalogue(f"{file} must hold a {kind.__name__}")
    return content


def only_keys(entry: Any, allowed: set[str], where: str) -> dict[str, Any]:
    """`entry` itself, once it is a mapping with no other keys."""
    if not isinstance(entry, dict):
        raise BadCatalogue(f"{where} must be a mapping")
    unknown = set(entry) - allowed
    if unknown:
        raise BadCatalogue(f"{where} has unknown keys: {', '.join(sorted(map(str, unknown)))}")
    return entry


def bounds_of(value: Any, where: str) -> tuple[float, float]:
    if not (isinstance(value, list) and len(value) == 2):
        raise BadCatalogue(f"{where}: bounds must be [low, high]")
    low, high = float(value[0]), float(value[1])
    if not low < high:
        raise BadCatalogue(f"{where}: bounds must rise")
    return low, high


def _signal(entry: Any) -> Signal:
    where = f"signals.yaml: {entry.get('signal') if isinstance(entry, dict) else entry!r}"
    fields = only_keys(entry, _KEYS, where)
    missing = _KEYS - {"derive"} - set(fields)
    if missing:
        raise BadCatalogue(f"{where} lacks {', '.join(sorted(missing))}")
    if str(fields["signal"]).split(".")[0] not in LAYERS:
        raise BadCatalogue(f"{where}: the layer must be one of {', '.join(LAYERS)}")
    if fields["agg"] not in AGGREGATIONS:
        raise BadCatalogue(f"{where}: agg must be one of {', '.join(AGGREGATIONS)}")
    derive = tuple((part, float(weight)) for part, weight in fields.get("derive", {}).items())
    bounds = bounds_of(fields["bounds"], where)
    return Signal(
        fields["signal"], fields["unit"], fields["agg"], bounds, fields["en"], fields["zh"], derive
    )
