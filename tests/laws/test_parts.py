"""The laws of the whole engine, asked of each part: there they are met far more often."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from scaler.engine.combine import largest
from scaler.engine.settings import Guards, IdleParams, TargetParams, ThresholdParams
from scaler.engine.snapshot import Snapshot
from scaler.guardrails import cooldown, rate, stabilization, tolerance
from scaler.policies import evidence, recommend
from scaler.policies.recommendation import Recommendation, Silence, Voice
from tests.laws.worlds import CHEAP, LAWS, worlds
from tests.scaler.looks import GPU, NOON, look, remembered, seen
from tests.scaler.verdicts import wanted

SIZE = 20
FIVE = timedelta(minutes=5)


@LAWS
@given(st.integers(20, 30), st.integers(1, 30), st.integers(1, 4), st.sampled_from([0, 3]))
def test_a_window_with_a_missing_sample_is_never_whole(
    count: int, gone: int, late: int, older: int
) -> None:
    """Whichever it is; the newest alone stands for the present, and freshness judges that."""
    pace = timedelta(seconds=5)
    times = [NOON - timedelta(seconds=late) - pace * index for index in range(count)]
    hold = pace * (count - older)
    past = tuple((at, 0.2) for at in reversed(times))
    lost = tuple(each for each in past if each[0] != times[min(gone, count - older - 1)])

    def window(history: tuple[tuple[datetime, float], ...]) -> evidence.Window | Silence:
        found = replace(seen(GPU, 0.2), history=history, interval=pace)
        return evidence.window(evidence.Seen(0.2, found), hold, look(), policy="idle")

    full, poor = window(past), window(lost)

    assert isinstance(full, evidence.Window)
    assert full.whole
    assert isinstance(poor, Silence) or not poor.whole


POLICIES = st.sampled_from(
    [
        ThresholdParams(GPU, 2, FIVE, above=0.5),
        ThresholdParams(GPU, -2, FIVE, below=0.5),
        TargetParams(GPU, value=0.5),
        IdleParams(0.5, FIVE, 1),
    ]
)


@LAWS
@given(POLICIES, st.floats(0, 1), st.floats(0, 1), st.integers(0, 24))
def test_more_load_never_weakens_what_a_policy_says(
    params: ThresholdParams, level: float, more: float, index: int
) -> None:
    """A wish keeps its voice or becomes an ask, and its size only grows."""
    values = [level] * 25
    busier = [*values[:index], level + more, *values[index + 1 :]]

    calm, busy = (
        recommend(params, look(params, seen=(seen(GPU, *each),))) for each in (values, busier)
    )

    assert isinstance(calm, Recommendation)
    assert isinstance(busy, Recommendation)
    assert busy.desired >= calm.desired
    assert busy.voice in {calm.voice, Voice.ASK}
    assert (calm.voice is Voice.CALM) or busy.voice is calm.voice


def drawn_wishes() -> st.SearchStrategy[list[Recommendation]]:
    """Wishes around a size of twenty, with the voices that each policy may have."""
    ask = st.builds(
        Recommendation, st.sampled_from(["target", "threshold"]), _sizes(), st.just("x")
    )
    floor = st.builds(lambda to: Recommendation("predictive", to, "x", (), Voice.FLOOR), _sizes())
    release = st.builds(
        lambda by, to: Recommendation(by, min(to, SIZE), "x", (), Voice.RELEASE),
        st.sampled_from(["idle", "threshold"]),
        _sizes(),
    )
    calm = st.just(Recommendation("threshold", SIZE, "x", (), Voice.CALM))
    one = st.one_of(ask, floor, release, calm).map(_threshold_adds)
    return st.lists(one, min_size=1, max_size=3)


def _sizes() -> st.SearchStrategy[int]:
    return st.integers(17, 24)


def _threshold_adds(wish: Recommendation) -> Recommendation:
    """A threshold that asks never asks for less than there is."""
    if wish.policy == "threshold" and wish.voice is Voice.ASK:
        return replace(wish, desired=max(wish.desired, SIZE))
    return wish


def verdict(wishes: list[Recommendation]) -> int:
    """What combine and tolerance make of them."""
    winner = largest(tuple(wishes), SIZE)
    if winner is None:
        return SIZE
    heard = winner.voice is not Voice.RELEASE
    found = tuple(w for w in wishes if heard or w.voice in {Voice.RELEASE, Voice.CALM})
    decision = wanted(winner.desired, SIZE, by=winner.policy, wishes=found)
    return tolerance.guard(decision, look(ready=SIZE), NOON).desired


@CHEAP
@given(drawn_wishes(), st.integers(0, 4), st.integers(1, 6))
def test_a_larger_wish_never_makes_a_smaller_verdict(
    wishes: list[Recommendation], index: int, more: int
) -> None:
    index %= len(wishes)
    wish = wishes[index]
    most = SIZE if wish.voice is Voice.RELEASE else 99
    larger = replace(wish, desired=min(most, wish.desired + more))
    if wish.voice is Voice.CALM:
        larger = replace(wish, voice=Voice.ASK, desired=SIZE + more)

    assert verdict([*wishes[:index], larger, *wishes[index + 1 :]]) >= verdict(wishes)


@CHEAP
@given(drawn_wishes(), st.randoms(use_true_random=False))
def test_the_order_of_wishes_is_irrelevant(wishes: list[Recommendation], luck: Random) -> None:
    shuffled = wishes.copy()
    luck.shuffle(shuffled)

    assert verdict(shuffled) == verdict(wishes)


@LAWS
@given(worlds(people=False), st.integers(0, 60), st.integers(0, 60))
def test_every_guardrail_keeps_the_order_of_wishes(snapshot: Snapshot, one: int, two: int) -> None:
    low, high = sorted((one, two))
    world = replace(look(ready=SIZE), memory=snapshot.memory, guards=snapshot.guards)

    for guard in (stabilization.guard, rate.guard, cooldown.guard):
        less, more = (guard(wanted(size, SIZE), world, NOON) for size in (low, high))

        assert less.desired <= more.desired


@LAWS
@given(st.integers(0, 40), st.integers(1, 29))
def test_a_hole_in_the_memory_releases_nothing(wish: int, gone: int) -> None:
    memory = remembered(wish)
    length = 24 - gone % 17  # at least seven decisions of 15 s are missing
    wanted_ = memory.wanted[:-length] if gone % 2 else memory.wanted[length:]
    world = look(ready=SIZE, memory=replace(memory, wanted=wanted_), guards=Guards())

    assert stabilization.guard(wanted(3, SIZE), world, NOON).desired == SIZE
