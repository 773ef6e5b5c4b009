"""What the README promises is there: files, make targets, signals, examples."""

import json
import re
from pathlib import Path

import pytest

from controlplane.metrics.catalogue.signals import signals
from controlplane.workloads.parse import read_documents

ROOT = Path(__file__).resolve().parents[2]
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
EXAMPLES = sorted((ROOT / "templates" / "docs" / "examples").glob("*.yaml"))


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_every_linked_file_exists(readme: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", readme.read_text())

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_every_make_target_it_names_exists(readme: Path) -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", readme.read_text(), re.M))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))

    assert {"demo", "test"} <= named <= targets


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_the_sample_that_it_pushes_is_a_known_signal(readme: Path) -> None:
    (body,) = re.findall(r"-d '(\{.*\})'", readme.read_text())

    assert {point["signal"] for point in json.loads(body)["points"]} <= set(signals())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_a_workload_that_recommends(example: Path) -> None:
    (document,) = read_documents(example.read_text())

    assert document.metadata.name
    assert document.spec.mode == "recommend"


def test_the_rule_that_everybody_starts_with_ships_as_an_example() -> None:
    text = (ROOT / "templates/docs/examples/gpu-threshold.yaml").read_text()
    rule = read_documents(text)[0].spec.policies[0]

    assert (rule.kind, rule.signal) == ("threshold", "infra.gpu.utilization")  # type: ignore[union-attr]
    assert (rule.above, rule.for_.total_seconds(), rule.add) == (0.85, 300, 2)  # type: ignore[union-attr]
