"""Snapshots by number: everything an owner may set and a source may send, odd and broken.

A world is made from one seed by an ordinary generator: fifty times as fast as drawing each of its
hundred parts by itself, so that a law is tried on many worlds in the same time.
"""

import os
from dataclasses import replace
from datetime import timedelta
from random import Random

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from forecasting.forecast import Forecast
from scaler.engine.settings import (
    Guards,
    IdleParams,
    PolicyParams,
    PredictiveParams,
    TargetParams,
    ThresholdParams,
)
from scaler.engine.snapshot import (
    Bounds,
    Capacity,
    Change,
    Memory,
    Mode,
    Observation,
    Override,
    Past,
    Replicas,
    Snapshot,
)
from tests.scaler.looks import DEMAND, GPU, NOON, RUNNING, UNITS, ago

# The quick run looks at a few worlds; LAWS=20000 looks at many.
WORLDS = int(os.environ.get("LAWS", "40"))
LAWS = settings(max_examples=WORLDS, deadline=None)
CHEAP = settings(max_examples=4 * WORLDS, deadline=None)  # for laws of a part
SECOND = timedelta(seconds=1)
BROKEN = (float("nan"), float("inf"), float("-inf"), -1.0, 1e308)
SHARES = (0.0, 0.3, 0.8, 0.95, 1.0, 1.03, 1.08, 1.5, 4.0, 1e6)  # of what the present size carries


def worlds(*, sane: bool = False, people: bool = True) -> st.SearchStrategy[Snapshot]:
    """Any snapshot; `sane` ones have only believable values, `people` may hold the size."""
    seeds = st.integers(0, 2**63)
    return seeds.map(lambda seed: world(Random(seed), sane=sane, people=people))  # noqa: S311


def world(luck: Random, *, sane: bool, people: bool) -> Snapshot:
    """The snapshot of one seed. Half of the owners limit nothing, so that wishes show."""
    ready, pending = luck.choice([0, 1, 3, 10, 40, 150]), luck.choice([0, 0, 0, 1, 3])
    low = luck.choice([0, 1, 1, 5])
    carried = [12.0, 12.0, 0.001, 1e9] if sane else [12.0, 12.0, 12.0, 0.001, None, float("nan")]
    snapshot = Snapshot(
        workload="chat-7b",
        at=NOON,
        mode=luck.choice([Mode.RECOMMEND, Mode.APPROVE, Mode.AUTO]),
        replicas=Replicas(ready, (NOON + timedelta(minutes=2),) * pending, NOON),
        bounds=Bounds(low, low + luck.choice([0, 8, 60, 1000, 1000])),
        capacity=Capacity(
            luck.choice(carried),
            luck.choice([1, 8]),
            lead_time=timedelta(minutes=luck.choice([0, 5, 60])),
        ),
        observations=tuple(
            observation(luck, signal, levels(signal, ready + pending), sane=sane)
            for signal in (GPU, RUNNING, DEMAND)
            if sane or luck.random() < 0.95
        ),
        policies=policies(luck),
        guards=guards(luck) if luck.random() < 0.5 else OPEN,
        forecast=luck.choice([None, forecast(luck)]),
        memory=memory(luck, ready + pending),
        peak=luck.choice([None, None, 50.0]),
    )
    return with_people(luck, snapshot) if people else snapshot


OPEN = Guards(
    tolerance=0.0,
    scale_down_stabilization=timedelta(0),
    max_step_up=10_000,
    max_step_down=10_000,
    cooldown_up=timedelta(0),
    cooldown_down=timedelta(0),
)


def levels(signal: str, current: int) -> tuple[float, ...]:
    """Values around those at which something happens."""
    if signal == GPU:
        return (0.0, 0.1, 0.2, 0.29, 0.3, 0.5, 0.85, 0.86, 1.0)
    carried = {RUNNING: 8.0, DEMAND: 6.0}[signal]
    return tuple(share * carried * max(1, current) for share in SHARES)


def with_people(luck: Random, snapshot: Snapshot) -> Snapshot:
    word = Override(
        luck.choice([None, 0, 7, 5000]),
        NOON + timedelta(hours=luck.choice([-1, 1])),
        "user:ann",
        luck.choice(["", "load test"]),
    )
    word_or_none = luck.choice([None, None, word])
    return replace(snapshot, override=word_or_none, paused=luck.random() < 0.1)


def policies(luck: Random) -> tuple[PolicyParams, ...]:
    """Up to five of any kind, or of a few kinds that meet each other."""
    kinds = luck.choice(
        [
            ("above", "below", "total", "mean", "ahead", "idle"),
            ("below", "idle"),
            ("above", "below", "idle"),
            ("above", "total"),
            ("ahead", "total", "idle"),
        ]
    )
    return tuple(policy(luck, luck.choice(kinds)) for _ in range(luck.choice([0, 1, 2, 2, 3, 5])))


def policy(luck: Random, kind: str) -> PolicyParams:
    signal, hold = luck.choice([GPU, GPU, RUNNING]), luck.choice([0, 10, 60, 300, 900]) * SECOND
    bound = luck.choice([0.3, 0.85] if signal == GPU else [8.0, 80.0])
    if kind == "above":
        return ThresholdParams(signal, luck.randint(1, 5), hold, above=bound)
    if kind == "below":
        return ThresholdParams(signal, -luck.randint(1, 5), hold, below=bound)
    if kind == "total":
        return TargetParams(RUNNING, per_replica=luck.choice([0.1, 8.0, 8.0, 1e4]))
    if kind == "mean":
        return TargetParams(GPU, value=luck.choice([0.1, 0.7, 0.9]))
    if kind == "idle":
        return IdleParams(luck.choice([0.0, 0.3, 0.9]), hold, luck.randint(0, 3))
    return PredictiveParams(
        quantile=luck.choice([None, 0.5, 0.9, 0.97]),
        utilization=luck.choice([None, 0.5, 0.5]),
        slo_target=luck.choice([None, timedelta(milliseconds=150), SECOND]),
    )


def observation(luck: Random, signal: str, values: tuple[float, ...], *, sane: bool) -> Observation:
    """A steady level with one other sample in it, some missing ones, and perhaps a fault.

    Samples come at the pace that `interval` says, give or take a fifth.
    """
    interval = luck.choice([5, 15, 60]) * SECOND
    count = luck.choice([0, 1, 5, 24, 200, 200, 200])
    history = [luck.choice(values)] * count
    if count and luck.random() < 0.5:
        odd = values if sane or luck.random() < 0.8 else BROKEN
        history[luck.randrange(min(count, 70))] = luck.choice(odd)
    early = luck.choice([0.0, 0.1, 0.2])
    late = luck.choice([0, 0, 5, 14]) * SECOND
    times = [NOON - late - interval * (index + early * (index % 2)) for index in range(count)]
    missing = {luck.randrange(1, 200) for _ in range(luck.choice([0, 0, 0, 0, 1, 3, 50]))}
    past = tuple((times[i], history[i]) for i in reversed(range(count)) if i not in missing)
    value = history[0] if history else luck.choice(values)
    if sane:
        return Observation(signal, value, NOON, interval, past, UNITS[signal])
    value_or_fault = luck.choice([None, *BROKEN]) if luck.random() < 0.1 else value
    received = luck.choice([NOON] * 7 + [ago(seconds=80), ago(seconds=200), None])
    return Observation(signal, value_or_fault, received, interval, past, UNITS[signal])


def memory(luck: Random, current: int) -> Memory:
    every = luck.choice([5, 15, 60]) * SECOND
    count = int(luck.choice([0, 120, 360, 960]) * SECOND / every)
    wishes = [luck.randint(0, 20)] * count
    if count:
        wishes[luck.randrange(count)] = luck.randint(0, 2 * current + 3)
    wanted = tuple(Past(NOON - every * (count - i), wish) for i, wish in enumerate(wishes))
    lasts = [luck.choice([None, 1, 59, 61, 299, 301, 700]) for _ in range(2)]
    up, down = (None if each is None else ago(seconds=each) for each in lasts)
    spans = sorted((luck.randint(0, 130) for _ in range(luck.choice([0, 0, 1, 3]))), reverse=True)
    changes = tuple(Change(ago(seconds=span), luck.randint(-5, 9)) for span in spans)
    return Memory(wanted, up, down, changes, every)


def forecast(luck: Random) -> Forecast:
    level, rise = luck.choice([0.0, 30.0, 130.0, 1e9]), luck.choice([0.0, 1.0, 50.0])
    steps = luck.choice([1, 5, 30])
    rows = [
        [level + rise * i, level + rise * i + 9, level + 2 * rise * i + 20] for i in range(steps)
    ]
    origin = ago(minutes=luck.choice([-10, 0, 1, 8]))
    return Forecast(origin, timedelta(minutes=1), (0.5, 0.9, 0.98), np.array(rows), "lstm")


def guards(luck: Random) -> Guards:
    return Guards(
        tolerance=luck.choice([0.0, 0.1, 0.5]),
        scale_down_stabilization=luck.choice([0, 60, 300]) * SECOND,
        max_step_up=luck.choice([None, None, 1, 8]),
        max_step_down=luck.choice([None, None, 1, 8]),
        cooldown_up=luck.choice([0, 60]) * SECOND,
        cooldown_down=luck.choice([0, 300]) * SECOND,
    )
