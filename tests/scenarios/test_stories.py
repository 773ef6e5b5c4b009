"""What happens to a fleet when the world misbehaves, from the first sample to the last replica.

The drawings have time to the right, a minute or two for each column: `#` demand in replicas' worth,
`o` replicas.
"""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from forecasting.forecast import Forecast
from scaler.actuators.simulated import SimulatedCloud
from scaler.engine.settings import (
    Guards,
    IdleParams,
    PredictiveParams,
    TargetParams,
    ThresholdParams,
)
from scaler.engine.snapshot import Bounds, Override
from tests.scenarios.world import (
    DEMAND,
    GPU,
    MINUTE,
    RUNNING,
    TARGET,
    World,
    reasons,
    sizes,
)

CARRY = TargetParams(RUNNING, per_replica=3.5)  # 7 requests per second: a replica at 70 %
AHEAD = PredictiveParams(utilization=0.7)
RULE = ThresholdParams(GPU, 2, 5 * MINUTE, above=0.85)  # the article's own rule
IDLE = IdleParams(below=0.3, hold=10 * MINUTE, release_to=1)


@pytest.fixture
def cloud(tmp_path: Path) -> SimulatedCloud:
    return SimulatedCloud(tmp_path)


def test_the_articles_own_rule(cloud: SimulatedCloud) -> None:
    """
    GPU   60 %  ────┐          90 % for 12 minutes           ┌──── 60 %
                    └────────────────────────────────────────┘
    fleet  4        :5 min: 6 (and 2 min until they serve)   : no more, no less
                    ^ the bound is crossed        ^ five minutes after the order: nothing to add,
                                                    six replicas are at 60 %
    """
    world = World(cloud, (RULE,))
    world.play(10, lambda _m: 24)
    before = world.play(5, lambda _m: 36)
    after = world.play(20, lambda _m: 36)
    world.play(5, lambda _m: 24)

    assert sizes(before) == [4]
    assert after[0].desired == 6
    assert sizes(world.moments) == [4, 6]


def test_the_articles_own_rule_adds_again_while_the_breach_lasts(cloud: SimulatedCloud) -> None:
    """
    GPU   100 % throughout: the load is that of ten replicas
    fleet 4 ─5 min─ 6 ─5 min─ 8 ─5 min─ 10 ─5 min─ 12 : below 85 %, and there it stays
    """
    world = World(cloud, (RULE,))
    world.play(45, lambda _m: 100)
    orders = [each.minute for each in world.moments if each.decision.change]

    assert sizes(world.moments) == [4, 6, 8, 10, 12]
    assert orders == [5.0, 10.0, 15.0, 20.0]


def test_a_flash_crowd(cloud: SimulatedCloud) -> None:
    """
              ######
    demand    #    #              x 8 for ten minutes, without a warning
       #######      ###########
    fleet       oooooooo
               oo       ooo
       oooooooo            ooooo  up at once and by doubling, down a tenth at a time
    """
    world = World(cloud, (CARRY, AHEAD))
    calm = world.play(15, lambda _m: 24)
    crowd = world.play(10, lambda _m: 192)
    after = world.play(60, lambda _m: 24)

    assert sizes(calm) == [4]
    assert crowd[0].desired == 8
    assert sizes(crowd) == [8, 16, 28]
    assert max(each.minute for each in crowd if each.decision.change) == 17.0
    assert crowd[-1].ready == 28
    assert {each.desired for each in after if each.minute < 30} == {28}
    assert sizes(after) == sorted(sizes(after), reverse=True)
    assert after[-1].desired < 15
    assert all(a.desired - b.desired <= 2 for a, b in pairwise(after))


@pytest.mark.parametrize("unseen", [(RUNNING,), (GPU, RUNNING, DEMAND)])
def test_a_dead_exporter(cloud: SimulatedCloud, unseen: tuple[str, ...]) -> None:
    """
    demand ##########
                     ##################   falls to a tenth, but nobody sees it
    sight  ##########                 ##  dead for an hour
    fleet  oooooooooooooooooooooooooooooo
                                        oo  a whole window of sight before anything goes
    """
    world = World(cloud, (CARRY, IDLE), ready=20)
    world.play(15, lambda _m: 140)
    blind = world.play(60, lambda _m: 14, unseen=unseen)
    after = world.play(30, lambda _m: 14)
    first = next(each for each in after if each.decision.change)

    assert sizes(blind) == [20]
    assert first.minute >= 75 + 5
    assert first.desired == 18


def test_a_dead_exporter_does_not_stop_an_addition(cloud: SimulatedCloud) -> None:
    """
    GPU     ##########............   nothing is heard of it any more
    queue   ##########
                      ############   what is heard asks for more
    fleet   oooooooooo
                      oooooooooooo
    """
    world = World(cloud, (CARRY, RULE))
    world.play(10, lambda _m: 24)
    crowd = world.play(10, lambda _m: 50, unseen=(GPU,))

    assert crowd[-1].desired == 8
    assert [silence.policy for silence in crowd[-1].decision.silent] == ["threshold"]


def test_an_exporter_that_says_nought(cloud: SimulatedCloud) -> None:
    """
    queue   ###### ############   one sample is nought
    fleet   oooooooooooooooooooo  a dip of one sample is not a trend
    """
    world = World(cloud, (CARRY,), ready=20)
    world.play(15, lambda _m: 140)
    world.play(0.25, lambda _m: 0)
    world.play(10, lambda _m: 140)

    assert sizes(world.moments) == [20]


@pytest.mark.parametrize("seed", [1, 2, 9])
def test_a_failed_cloud(cloud: SimulatedCloud, seed: int) -> None:
    """
    orders   x  x  ok x  ok        most of them fail, before or after they took effect
    fleet    4  4  8  8  16 ... 28  every order is an absolute size: none is done twice
    """
    world = World(cloud, (CARRY, AHEAD), failure_rate=0.6, seed=seed)
    world.play(10, lambda _m: 24)
    world.play(15, lambda _m: 192)
    journal = cloud.journal(TARGET)

    assert "Transient" in world.refused
    assert world.moments[-1].ready == 28
    assert [after for _key, _before, after in journal] == [8, 16, 28]
    assert len({key for key, _before, _after in journal}) == len(journal)


def test_a_cloud_that_is_sold_out(cloud: SimulatedCloud) -> None:
    """
    demand       ################   28 replicas' worth
    fleet    oooo oooooooooooooooo  only 10 are in stock: asked for again, never forced
    """
    world = World(cloud, (CARRY,), stock=10)
    world.play(5, lambda _m: 24)
    world.play(15, lambda _m: 192)

    assert set(world.refused) == {"NoCapacity"}
    assert cloud.observe(TARGET, now=world.now).current == 8
    assert world.moments[-1].decision.wanted == 28


def fan(now: datetime, demand: float) -> Forecast:
    values = np.full((30, 3), demand)
    return Forecast(now, MINUTE, (0.5, 0.9, 0.98), values, "lstm")


@pytest.mark.parametrize(
    ("says", "peak", "largest", "told"),
    [
        pytest.param(1e12, 30.0, 4, "predictive.refused", id="absurd, and known to be"),
        pytest.param(1e12, None, 60, "bounds.max", id="absurd, and nobody knows: bounds hold"),
        pytest.param(0.0, 30.0, 4, "predictive.now", id="nothing is coming: demand says otherwise"),
        pytest.param(84.0, 30.0, 12, "predictive.order", id="three times the peak: believed"),
    ],
)
def test_a_bad_forecast(
    cloud: SimulatedCloud, says: float, peak: float | None, largest: int, told: str
) -> None:
    """
    forecast  !!!!!!!!!!!!!   far above, or nothing at all
    demand    #############
    fleet     ooooooooooooo   never below what demand takes, never above the owner's bounds
    """
    world = World(cloud, (AHEAD,), forecast=lambda now: fan(now, says), peak=peak)
    world.play(20, lambda _m: 24)
    spoken = {wish.reason for each in world.moments for wish in each.decision.recommendations}

    assert max(sizes(world.moments)) == largest
    assert min(sizes(world.moments)) >= 4
    assert told in reasons(world.moments) | spoken


def test_a_forecast_that_was_right(cloud: SimulatedCloud) -> None:
    """
    demand                   ##########   triples at minute 20
             ################
    fleet              oooooooooooooooo   ordered two minutes (and a step) before: ready in time
             oooooooooo
    """

    def known(now: datetime) -> Forecast:
        start = datetime(2026, 3, 2, 12, 20, tzinfo=now.tzinfo)
        rows = [[72.0 if now + index * MINUTE >= start else 24.0] * 3 for index in range(30)]
        return Forecast(now, MINUTE, (0.5, 0.9, 0.98), np.array(rows), "lstm")

    world = World(cloud, (AHEAD,), forecast=known)
    world.play(20, lambda _m: 24)
    rise = world.play(10, lambda _m: 72)

    assert world.moments[0].desired == 4
    assert rise[0].ready >= 8
    assert all(each.ready * 10 >= each.demand for each in rise)


def test_a_flapping_load(cloud: SimulatedCloud) -> None:
    """
    demand  # # # # # # # # # #   between 30 and 120 every other minute
             # # # # # # # # #
    fleet     ooooooooooooooooo   up with the first peak, and there it stays
            oo
    """
    world = World(cloud, (CARRY, AHEAD), ready=5)
    world.play(60, lambda minute: 120 if int(minute) % 2 else 30)

    assert sizes(world.moments) == [5, 10, 18]
    assert len(cloud.journal(TARGET)) == 2


def test_a_person_pins_and_unpins(cloud: SimulatedCloud) -> None:
    """
    demand  ############################   ten replicas' worth throughout
                ann pins 2     lets go
    fleet   oooo               :     ooo
                oooooooooooooooo  oooo     down at once, back up at the usual rate
    """
    world = World(cloud, (CARRY,), ready=10)
    world.play(10, lambda _m: 70)
    world.override = Override(2, world.now + timedelta(hours=1), "ann", "maintenance")
    pinned = world.play(15, lambda _m: 70)
    world.override = None
    free = world.play(10, lambda _m: 70)

    assert sizes(pinned) == [2]
    assert {each.decision.steps[-1].reason for each in pinned} == {"override.pinned"}
    assert sizes(free) == [6, 10]


def test_a_freeze_holds_through_a_crowd_and_says_what_was_wanted(cloud: SimulatedCloud) -> None:
    """
    demand        ########   four times as much
            ######
    fleet   oooooooooooooo   frozen until minute 15
                         oooo
    """
    world = World(cloud, (CARRY,))
    world.play(5, lambda _m: 24)
    world.override = Override(None, world.now + 10 * MINUTE, "ann")
    frozen = world.play(10, lambda _m: 96)
    free = world.play(2, lambda _m: 96)

    assert sizes(frozen) == [4]
    assert {each.decision.wanted for each in frozen} == {14}
    assert free[0].desired == 8


def test_nobody_comes_at_night(cloud: SimulatedCloud) -> None:
    """
    demand  ####                     nothing at all
    fleet   oooooooooo
                      oooo           one at a time, every five minutes
                          ........   and the last one, because idle has seen enough
    """
    none = IdleParams(below=0.3, hold=10 * MINUTE, release_to=0)
    world = World(cloud, (RULE, none), bounds=Bounds(0, 60), ready=3)
    world.play(15, lambda _m: 21)
    world.play(45, lambda _m: 0)

    assert sizes(world.moments) == [3, 2, 1, 0]


def test_demand_of_nought_without_an_idle_policy_keeps_one(cloud: SimulatedCloud) -> None:
    """
    demand  ####                     nothing is measured
    fleet   oooooooooo
                      oooooooooooo   the last one stays
    """
    world = World(cloud, (CARRY,), bounds=Bounds(0, 60), ready=3)
    world.play(10, lambda _m: 21)
    world.play(45, lambda _m: 0)

    assert sizes(world.moments) == [3, 2, 1]


def test_owners_who_decide_without_cooldowns_are_still_held_to_the_rate(
    cloud: SimulatedCloud,
) -> None:
    """
    demand       ##############   thirty replicas' worth
    fleet    oooo:8   :16  :30    doubling once a minute, though it is decided four times
    """
    quick = Guards(cooldown_up=timedelta(0), cooldown_down=timedelta(0))
    world = World(cloud, (CARRY,), guards=quick)
    world.play(5, lambda _m: 24)
    world.play(5, lambda _m: 210)
    orders = [(each.minute, each.desired) for each in world.moments if each.decision.change]

    assert orders == [(5.0, 8), (6.0, 16), (7.0, 30)]


def test_two_workers_decide_the_same_instant(cloud: SimulatedCloud) -> None:
    """
    worker one  ──decide──order 8 (key)──▶ 8
    worker two  ──decide──order 8 (key)──▶ 8, and not once more
    """
    world = World(cloud, (CARRY,))
    world.play(5, lambda _m: 24)
    world.play(0.25, lambda _m: 96)
    twin = world.moments[-1].decision
    cloud.scale(TARGET, twin.desired, key=twin.at.isoformat(), now=twin.at)

    assert [after for _key, _before, after in cloud.journal(TARGET)] == [8]
