"""Replayed history: really decided, the same every time, and blind for what comes later."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from controlplane.demo import plans
from controlplane.demo.demand import Lot, Source
from controlplane.demo.document import document
from controlplane.demo.issued import as_stored
from controlplane.demo.plans import Plan
from controlplane.demo.replay import History, Kept, Span, replay
from scaler.engine.decide import decide

START = datetime(2026, 3, 2, 6, tzinfo=UTC).timestamp()
SPAN = Span(START, minutes=240, fine=20)


class Doctored:
    """A source whose demand is `factor` times the original's from `since` on."""

    def __init__(self, source: Source, *, since: float, factor: float) -> None:
        self._source, self._since, self._factor = source, since, factor

    def lot(self, start: float, *, step: float, count: int) -> Lot:
        lot = self._source.lot(start, step=step, count=count)
        late = start + np.arange(count) * step >= self._since
        return replace(lot, requests=np.where(late, lot.requests * self._factor, lot.requests))


def chat() -> Plan:
    return next(plan for plan in plans.generated() if plan.kind == "chat-7b")


def run(plan: Plan, *, source: Source | None = None, span: Span = SPAN) -> History:
    owned = document(plan.profile, team="default", static_peak=20)
    return replay(
        plan.profile,
        source or plan.source,
        plans.rules(plan.profile, owned),
        span,
        keep_held=0.0,
        seed=1,
    )


def verdicts(kept: tuple[Kept, ...]) -> list[tuple[datetime, int, int, int]]:
    return [
        (each.decision.at, each.decision.current, each.decision.desired, each.decision.wanted)
        for each in kept
    ]


def test_every_minute_is_decided_by_the_engine_from_its_own_snapshot() -> None:
    history = run(chat())

    assert history.decided == len(history.kept) == 240
    for each in history.kept:
        assert decide(each.snapshot, now=each.snapshot.at) == each.decision


def test_the_same_seed_gives_the_same_past() -> None:
    first, second = run(chat()), run(chat())

    assert verdicts(first.kept) == verdicts(second.kept)
    assert (first.steps.backlog == second.steps.backlog).all()


def test_nothing_decided_before_a_moment_depends_on_what_comes_after_it() -> None:
    plan, moment = chat(), START + 120 * 60
    other = run(plan, source=Doctored(plan.source, since=moment, factor=4.0))
    before = [each for each in run(plan).kept if each.decision.at.timestamp() <= moment]

    assert verdicts(tuple(before)) == verdicts(other.kept)[: len(before)]
    assert verdicts(run(plan).kept) != verdicts(other.kept)


def test_nothing_is_lost_between_arrival_and_answer() -> None:
    plan = chat()
    steps = run(plan, source=Doctored(plan.source, since=START + 3600, factor=3.0)).steps

    assert steps.failed.sum() > 0
    assert steps.arrivals.sum() == pytest.approx(
        steps.served.sum() + steps.failed.sum() + steps.backlog[-1]
    )
    assert (steps.before[1:] == steps.backlog[:-1]).all()


def test_more_demand_brings_more_replicas_a_lead_time_later() -> None:
    plan = chat()
    jump = START + 120 * 60
    history = run(plan, source=Doctored(plan.source, since=jump, factor=3.0))
    ordered = [each for each in history.kept if each.decision.at.timestamp() == jump + 60]
    size = dict(zip((history.ends - jump).tolist(), history.steps.ready.tolist(), strict=True))

    assert ordered[0].decision.change > 0
    assert size[60.0] == size[120.0]
    assert size[300.0] > size[60.0]


def test_the_last_minutes_are_lived_in_steps_of_five_seconds() -> None:
    history = run(chat())

    assert history.steps.seconds.tolist() == [60.0] * 220 + [5.0] * 240
    assert history.ends[-1] == SPAN.end
    assert (np.diff(history.ends) == history.steps.seconds[1:]).all()


def test_forecasts_are_issued_as_soon_as_there_is_an_hour_of_demand() -> None:
    kept = run(chat()).kept
    issued = [each.snapshot.forecast is not None for each in kept]

    assert issued.index(True) == 59
    assert all(issued[59:])
    assert all(each.snapshot.forecast.origin == each.decision.at for each in kept[59:])  # type: ignore[union-attr]  # issued from there on


def test_a_hole_in_the_recording_holds_the_size_and_is_no_demand_of_zero() -> None:
    plan = chat()
    hole = run(plan, source=Doctored(plan.source, since=START + 200 * 60, factor=float("nan")))
    late = [each for each in hole.kept if each.decision.at.timestamp() > START + 204 * 60]

    assert all(each.decision.change >= 0 for each in late)
    assert np.isnan(hole.steps.arrivals[-100:]).all()


def test_orders_move_the_fleet_by_exactly_what_was_decided() -> None:
    kept = run(chat()).kept
    changes = [each for each in kept if each.decision.change]

    assert changes
    for each in changes:
        assert each.order is not None
        assert (each.order.before, each.order.desired) == (
            each.decision.current,
            each.decision.desired,
        )
    assert all(each.order is None for each in kept if not each.decision.change)


def test_rounded_forecasts_are_what_their_text_says() -> None:
    values = np.array([[0.0, 1.234567, 12.34565, 99999.6, 123456.7, 9.87654e9, 4.2e-5]])

    assert as_stored(values).tolist() == [[float(f"{value:.5g}") for value in values[0].tolist()]]
