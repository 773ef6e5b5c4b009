"""However often it is decided, no minute adds and no two minutes release more than is allowed."""

from datetime import timedelta
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from scaler.engine.settings import Guards
from scaler.engine.snapshot import Change, Memory
from scaler.guardrails.rate import guard
from tests.laws.worlds import LAWS
from tests.scaler.looks import NOON, look
from tests.scaler.verdicts import wanted

STEPS = st.lists(
    st.tuples(st.sampled_from([1, 7, 30, 61]), st.integers(0, 300)), min_size=2, max_size=30
)


@LAWS
@given(STEPS, st.integers(0, 50), st.sampled_from([None, 3]))
def test_the_allowed_rate_holds_over_every_span_of_time(
    wishes: list[tuple[int, int]], size: int, step: int | None
) -> None:
    guards, now = Guards(max_step_up=step, max_step_down=step), NOON
    changes: list[Change] = []
    sizes = [(now - timedelta(hours=1), size)]
    for pause, wish in wishes:
        now += timedelta(seconds=pause)
        snapshot = look(at=now, memory=Memory(changes=tuple(changes)), guards=guards)
        decision = guard(wanted(wish, size), snapshot, now)
        if decision.change:
            changes.append(Change(now, decision.change))
        size = decision.desired
        sizes.append((now, size))

    for change in changes:
        added = change.by > 0
        since = change.at - timedelta(seconds=60 if added else 120)
        inside = [each.by for each in changes if since < each.at <= change.at]
        moved = sum(abs(by) for by in inside if (by > 0) is added)
        before = [each for at, each in sizes if at <= since][-1]
        usual = max(before, 4) if added else max(floor(0.1 * before), 1)
        assert moved <= (usual if step is None else step)
