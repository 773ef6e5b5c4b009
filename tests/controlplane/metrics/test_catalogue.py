"""signals.yaml: complete, consistent, and refused with a reason where it is not."""

from typing import Any

import pytest

from controlplane.metrics.catalogue import signals as module
from controlplane.metrics.catalogue.signals import BadCatalogue, describe, signals

GOOD: dict[str, Any] = {
    "signal": "service.x",
    "unit": "1",
    "agg": "sum",
    "bounds": [0, 1],
    "en": "X.",
    "zh": "X。",
}


@pytest.mark.parametrize("signal", signals().values(), ids=lambda signal: signal.name)
def test_every_signal_is_described_in_both_languages_with_a_unit(signal: module.Signal) -> None:
    assert signal.unit
    assert signal.en.endswith(".")
    assert signal.zh.endswith("。")
    assert signal.bounds[0] < signal.bounds[1]


def test_ratios_are_bounded_so_that_a_percentage_stands_out() -> None:
    ratios = [one for one in signals().values() if one.unit == "1" and "errors" not in one.name]

    assert ratios
    assert all(one.bounds[0] == 0 and one.bounds[1] < 1.5 for one in ratios)


def test_a_name_outside_the_catalogue_assumes_nothing() -> None:
    unknown = describe("go_goroutines")

    assert (unknown.unit, unknown.agg, unknown.derive) == ("", "mean", ())
    assert describe("business.orders").agg == "sum"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([{**GOOD, "bound": 5}], "unknown keys: bound"),
        ([{key: value for key, value in GOOD.items() if key != "zh"}], "lacks zh"),
        ([{**GOOD, "signal": "servce.x"}], "layer must be one of"),
        ([{**GOOD, "agg": "avg"}], "agg must be one of"),
        ([{**GOOD, "bounds": [0]}], "bounds must be"),
        ([GOOD, GOOD], "twice"),
        ([{**GOOD, "derive": {"service.y": 1}}], "derives from unknown service.y"),
        (["service.x"], "must be a mapping"),
    ],
)
def test_a_wrong_catalogue_is_refused_with_the_entry(
    content: list[Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "read_yaml", lambda _file, _kind: content)
    with pytest.raises(BadCatalogue, match=says):
        module.signals.__wrapped__()


def test_a_file_with_another_root_is_refused() -> None:
    with pytest.raises(BadCatalogue, match=r"signals\.yaml must hold a dict"):
        module.read_yaml("signals.yaml", dict)
