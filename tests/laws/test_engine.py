"""What holds for every snapshot there is."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from random import Random

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from scaler.engine.decide import decide
from scaler.engine.decision import Decision, Stage, Step
from scaler.engine.sentences import LANGUAGES, describe, explain
from scaler.engine.snapshot import Observation, Snapshot
from scaler.engine.trail import dump_decision, dump_snapshot, load_decision, load_snapshot
from scaler.policies.recommendation import Recommendation, Silence
from tests.laws.worlds import LAWS, worlds
from tests.scaler.looks import NOON


def held(snapshot: Snapshot) -> bool:
    """Whether a person holds the size."""
    word = snapshot.override
    return snapshot.paused or (word is not None and word.until > NOON)


@LAWS
@given(worlds())
def test_the_result_is_within_the_bounds_unless_a_person_holds_it(snapshot: Snapshot) -> None:
    decision = decide(snapshot, now=NOON)

    assert type(decision.desired) is int
    assert decision.desired >= 0
    if not held(snapshot):
        assert snapshot.bounds.minimum <= decision.desired <= snapshot.bounds.maximum


@LAWS
@given(worlds())
def test_the_trail_replays_from_current_to_desired(snapshot: Snapshot) -> None:
    decision = decide(snapshot, now=NOON)
    sizes = [(step.before, step.after) for step in decision.steps]

    assert sizes[0][0] == decision.current
    assert all(one[1] == two[0] for one, two in pairwise(sizes))
    assert sizes[-1][1] == decision.desired


@LAWS
@given(worlds())
def test_the_same_snapshot_makes_the_same_decision_also_after_it_was_stored(
    snapshot: Snapshot,
) -> None:
    decision = decide(snapshot, now=NOON)
    stored = json.loads(json.dumps(dump_snapshot(snapshot), allow_nan=False))
    written = json.loads(json.dumps(dump_decision(decision), allow_nan=False))

    assert decide(snapshot, now=NOON) == decision
    assert decide(load_snapshot(stored, snapshot.forecast), now=NOON) == decision
    assert load_decision(written) == decision


@LAWS
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_policies_and_observations_is_irrelevant(
    snapshot: Snapshot, random: Random
) -> None:
    policies, found = list(snapshot.policies), list(snapshot.observations)
    random.shuffle(policies)
    random.shuffle(found)
    shuffled = replace(snapshot, policies=tuple(policies), observations=tuple(found))

    one, two = decide(snapshot, now=NOON), decide(shuffled, now=NOON)

    assert one.steps == two.steps
    assert (one.wanted, one.binding) == (two.wanted, two.binding)


def without_something(observation: Observation, data: st.DataObject) -> Observation | None:
    """The same observation with less of it, or none at all."""
    what = data.draw(st.sampled_from(["sample", "value", "age", "everything"]))
    if what == "sample":
        assume(observation.history)
        peak = max(range(len(observation.history)), key=lambda i: observation.history[i][1])
        index = data.draw(st.just(peak) | st.integers(0, len(observation.history) - 1))
        history = observation.history[:index] + observation.history[index + 1 :]
        return replace(observation, history=history)
    if what == "value":
        return replace(observation, value=None)
    if what == "age":
        return replace(observation, received_at=NOON - timedelta(hours=1))
    return None


@LAWS
@given(worlds(), st.data())
def test_removing_any_sample_or_observation_never_releases_anything(
    snapshot: Snapshot, data: st.DataObject
) -> None:
    """It may take away a reason to add, so it is held against the smaller of result and size."""
    assume(snapshot.observations)
    index = data.draw(st.integers(0, len(snapshot.observations) - 1))
    left = without_something(snapshot.observations[index], data)
    rest = snapshot.observations[:index] + snapshot.observations[index + 1 :]
    poorer = replace(snapshot, observations=rest if left is None else (*rest, left))

    with_it, without_it = decide(snapshot, now=NOON), decide(poorer, now=NOON)

    assert without_it.desired >= min(with_it.desired, with_it.current)


@LAWS
@given(worlds(people=False))
def test_nothing_is_released_while_a_policy_is_blind(snapshot: Snapshot) -> None:
    decision = decide(snapshot, now=NOON)

    if decision.blind:
        assert decision.desired >= min(decision.current, snapshot.bounds.maximum)
        assert decision.wanted >= decision.current


def raised(observation: Observation, data: st.DataObject) -> Observation:
    """The same observation with more load: all of it, or one sample."""
    factor = data.draw(st.sampled_from([1.0, 1.03, 2.0, 1e3]))
    plus = data.draw(st.sampled_from([0.0, 0.05, 5.0]))
    last = len(observation.history) - 1
    only = data.draw(st.none() | st.just(last) | st.integers(0, max(0, last)))
    history = tuple(
        (at, value * factor + plus if only in {None, index} else value)
        for index, (at, value) in enumerate(observation.history)
    )
    newest = only in {None, last}
    value = observation.value
    more = value * factor + plus if value is not None and newest else value
    return replace(observation, value=more, history=history)


@LAWS
@given(worlds(sane=True), st.data())
def test_raising_the_load_never_lowers_the_result(snapshot: Snapshot, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(snapshot.observations) - 1))
    found = list(snapshot.observations)
    found[index] = raised(found[index], data)

    calm = decide(snapshot, now=NOON)
    busy = decide(replace(snapshot, observations=tuple(found)), now=NOON)

    assert busy.steps[0].after >= calm.steps[0].after
    assert busy.desired >= calm.desired


@LAWS
@given(worlds(sane=True), st.sampled_from([1.0, 20.0, 1e6]))
def test_raising_the_forecast_never_lowers_the_result(snapshot: Snapshot, plus: float) -> None:
    assume(snapshot.forecast)
    assert snapshot.forecast is not None
    fan = replace(snapshot.forecast, values=np.asarray(snapshot.forecast.values) + plus)
    snapshot = replace(snapshot, peak=None)

    calm = decide(snapshot, now=NOON)
    busy = decide(replace(snapshot, forecast=fan), now=NOON)

    assert busy.desired >= calm.desired


@LAWS
@given(worlds())
def test_a_forecast_never_lowers_the_result(snapshot: Snapshot) -> None:
    with_it = decide(snapshot, now=NOON)
    without_it = decide(replace(snapshot, forecast=None), now=NOON)

    assert with_it.desired >= min(without_it.desired, without_it.current)


@LAWS
@given(worlds())
def test_a_guardrail_never_moves_the_number_away_from_the_current_size(
    snapshot: Snapshot,
) -> None:
    """Bounds and people may: the owner's limits and a pin are not matters of caution."""
    decision = decide(snapshot, now=NOON)

    for step in decision.steps:
        if step.stage is Stage.GUARDRAIL and step.name != "bounds":
            low, high = sorted((step.before, decision.current))
            assert low <= step.after <= high


@LAWS
@given(worlds())
def test_every_decision_can_be_told_in_every_language(snapshot: Snapshot) -> None:
    decision = decide(snapshot, now=NOON)

    for language in LANGUAGES:
        told = [explain(decision, language), *(describe(each, language) for each in said(decision))]
        for text in told:
            assert "–" not in text
            assert "{" not in text


def said(decision: Decision) -> list[Step | Recommendation | Silence]:
    return [*decision.steps, *decision.recommendations, *decision.silent]
