"""A workload's text is read strictly; every refusal names the place and what to write."""

import copy
from typing import Any

import pytest
import yaml

from controlplane.common.errors import InvalidInput
from controlplane.workloads.parse import read_documents
from controlplane.workloads.services import plain
from tests.factories import CHAT


def refusal(text: str) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read_documents(text)
    assert caught.value.status == 422
    return caught.value


def test_export_of_a_document_reads_back_as_the_same_document() -> None:
    document = read_documents(CHAT)[0]

    assert read_documents(yaml.safe_dump(plain(document)))[0] == document


def test_a_new_workload_only_recommends() -> None:
    document = read_documents(CHAT.replace("  mode: auto\n", ""))[0]

    assert document.spec.mode == "recommend"


@pytest.mark.parametrize(
    ("old", "new", "pointer", "words"),
    [
        ("mode: auto", "mod: auto", "/spec/mod", "did you mean 'mode'"),
        ("cooldown: 60s", "coldown: 60s", "/spec/guardrails/coldown", "did you mean 'cooldown'"),
        ("kind: idle", "kind: idel", "/spec/policies/3", "'threshold'"),
        ("for: 5m", "for: 5", "/spec/policies/0/for", "duration with its unit"),
        ("target: 200ms", "target: 200", "/spec/slo/target", "duration with its unit"),
        ("above: 85%", "above: .nan", "/spec/policies/0/above", "unit"),
        ("min: 1, max: 40", "min: 9, max: 4", "/spec/replicas", "min 9 is above max 4"),
        ("min: 1, max: 40", "min: -1, max: 4", "/spec/replicas/min", "greater than or equal"),
        ("max: 40", "max: 1000000000", "/spec/replicas/max", "less than or equal"),
        ('amount: "2.50"', "amount: 2.5", "/spec/pools/0/price/amount", "quoted text"),
        ("per_replica: 12", "per_replica: 0", "/spec/capacity/per_replica", "greater than 0"),
        ("kind: simulated", "kind: cloudy", "/spec/pools/0/target/kind", "simulated"),
        ("mode: auto", "mode: no", "/spec/mode", "'recommend'"),
        ("add: 2", "add: 2, remove: 2", "/spec/policies/0", None),
    ],
)
def test_a_wrong_value_is_refused_with_its_place_and_a_hint(
    old: str, new: str, pointer: str, words: str | None
) -> None:
    error = refusal(CHAT.replace(old, new, 1))

    if words is None:
        assert error.faults == () or error.faults[0].pointer == pointer
        return
    assert error.faults[0].pointer == pointer
    assert words in error.faults[0].message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "yaml.empty"),
        ("- 1\n- 2\n", "spec.type"),
        ("a: &x [1]\nb: *x\n", "yaml.alias"),
        ("a: !!python/object/apply:os.system ['true']\n", "yaml.tag"),
        ("a: 1\na: 2\n", "yaml.duplicate_key"),
        ("a: [" + "[" * 30 + "]" * 30 + "]\n", "yaml.size"),
        ("a: [" + "1," * 6000 + "1]\n", "yaml.size"),
        ("a: {\n", "yaml.syntax"),
        ("a: " + "x" * 300_000 + "\n", "yaml.size"),
        ("# " + "x" * 5_000_000 + "\n", "yaml.size"),
        ("? [a]\n: b\n", "yaml.key"),
        ("a: '\x00'\n", "yaml.syntax"),
        (CHAT + "---\n" + CHAT, "yaml.twice"),
    ],
)
def test_dangerous_or_broken_yaml_is_refused_before_anything_is_built(text: str, code: str) -> None:
    assert refusal(text).code == code


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("max: 40", "max: " + "9" * 5000),
        ("max: 40", "max: 0x28"),
        ("max: 40", "max: 4_0"),
        ("max: 40", "max: 050"),
        ("max: 40", "max: 1:30"),
        ("max: 40", "max: 4e1"),
        ("per_replica: 12", "per_replica: .inf"),
        ("per_replica: 12", "per_replica: 1.0e+400"),
        ("per_replica: 12", "per_replica: '12'"),
        ("quantile: 0.95", "quantile: yes"),
        ("model: chat-7b", "model: no"),
        ("model: chat-7b", "model: 1.10"),
        ("cooldown: 60s", "cooldown: ٦٠s"),
        ("cooldown: 60s", "cooldown: 0.5ms"),
        ("accelerator: A100", 'accelerator: "a\\0b"'),
        ("mode: auto", "<<: {mode: auto}"),
        ("tolerance: 0", "tolerance: 100%"),
    ],
)
def test_what_another_yaml_reader_would_guess_is_text_or_refused(old: str, new: str) -> None:
    text = CHAT.replace("guardrails: {", "guardrails: {tolerance: 0, ").replace(old, new, 1)
    if new == "model: no":
        assert read_documents(text)[0].metadata.labels == {"model": "no"}
        return
    error = refusal(text)

    assert error.code == "spec.invalid"
    assert len(error.faults[0].message) < 300


@pytest.mark.parametrize("text", ["\ufeff" + CHAT, CHAT.replace("\n", "\r\n")])
def test_a_byte_order_mark_and_other_line_ends_are_read(text: str) -> None:
    assert read_documents(text)[0].metadata.name == "chat-7b"


def test_tabs_that_indent_are_refused_with_their_line() -> None:
    error = refusal(CHAT.replace("\n  mode: auto", "\n\tmode: auto"))

    assert error.code == "yaml.syntax"
    assert "(line " in error.detail


def test_a_fault_in_one_of_several_workloads_says_in_which() -> None:
    error = refusal(CHAT + "---\n" + CHAT.replace("mode: auto", "mode: on"))

    assert error.detail.startswith("document 2 of 2: /spec/mode")


def test_thresholds_that_would_add_and_remove_at_one_value_are_refused() -> None:
    more = "- {kind: threshold, signal: infra.gpu.utilization, below: 90%, for: 5m, remove: 1}"
    error = refusal(CHAT.replace("  guardrails", f"    {more}\n  guardrails"))

    assert "leave a gap" in error.faults[0].message


@pytest.mark.parametrize(
    ("pools", "words"),
    [
        (
            [{"replicas": {"min": 30, "max": 30}}, {"replicas": {"min": 20, "max": 30}}],
            "at least 50",
        ),
        ([{"replicas": {"min": 0, "max": 1}}, {}], None),
        ([{}, {"target": {"kind": "simulated", "name": "chat-7b"}}], "same target"),
        ([{}, {"price": {"amount": "1", "currency": "CNY"}}], "use one currency"),
    ],
)
def test_pools_must_fit_together(pools: list[dict[str, Any]], words: str | None) -> None:
    document = yaml.safe_load(CHAT)
    first = document["spec"]["pools"][0]
    second = {**copy.deepcopy(first), "name": "b", "target": {"kind": "simulated", "name": "b"}}
    document["spec"]["pools"] = [first | pools[0], second | pools[1]]
    text = yaml.safe_dump(document)
    if words is None:
        assert read_documents(text)[0].spec.reach == (1, 40)
        return

    assert words in refusal(text).faults[0].message


def test_several_workloads_in_one_stream_are_all_read() -> None:
    both = read_documents(CHAT + "\n---\n" + CHAT.replace("name: chat-7b", "name: other"))

    assert len(both) == 2


def test_two_pools_of_one_name_are_refused() -> None:
    document = yaml.safe_load(CHAT)
    document["spec"]["pools"].append(copy.deepcopy(document["spec"]["pools"][0]))

    assert "same name" in refusal(yaml.safe_dump(document)).faults[0].message
