"""Snapshots that make the engine say each thing it can say; stories.md holds the words."""

from datetime import timedelta

from scaler.engine.settings import IdleParams, PredictiveParams, TargetParams, ThresholdParams
from scaler.engine.snapshot import (
    Capacity,
    Change,
    Memory,
    Observation,
    Override,
    Snapshot,
)
from tests.scaler.looks import (
    DEMAND,
    GPU,
    NOON,
    RUNNING,
    ago,
    forecast,
    look,
    remembered,
    seen,
    steady,
)

RULE = ThresholdParams(GPU, 2, timedelta(minutes=5), above=0.85)
QUIET = ThresholdParams(GPU, -2, timedelta(minutes=10), below=0.3)
TARGET = TargetParams(RUNNING, per_replica=8)
TTFT = TargetParams("experience.ttft", value=0.1)
AHEAD = PredictiveParams(utilization=0.5)
IDLE = IdleParams(below=0.3, hold=timedelta(minutes=15), release_to=1)


def up(seconds: float) -> Memory:
    """An order that long ago."""
    return remembered(1, last_up=ago(seconds=seconds))


def down(seconds: float) -> Memory:
    """A release that long ago."""
    return remembered(1, last_down=ago(seconds=seconds))


def changed(by: int, seconds: float) -> Memory:
    """So many more, that long ago, without a cooldown."""
    return remembered(1, changes=(Change(ago(seconds=seconds), by),))


def unheard(signal: str) -> Observation:
    """Last received four minutes ago."""
    return steady(signal, 0.2, received_at=ago(minutes=4))


def word(size: int | None, reason: str = "") -> Override:
    """Ann's, until one o'clock."""
    return Override(size, NOON + timedelta(hours=1), "ann", reason)


STORIES: dict[str, Snapshot] = {
    "the article's rule adds two": look(RULE, seen=(steady(GPU, 0.9),)),
    "the article's rule has no reason to": look(RULE, seen=(steady(GPU, 0.6),)),
    "the breach lasts, the order is young": look(RULE, seen=(steady(GPU, 0.9),), memory=up(90)),
    "a quiet signal removes two": look(
        QUIET, seen=(steady(GPU, 0.2),), memory=remembered(8), ready=20
    ),
    "quiet, but a sample is missing": look(
        QUIET, seen=(seen(GPU, *[0.2] * 30, None, *[0.2] * 30),)
    ),
    "a queue that takes fifteen": look(TARGET, seen=(seen(RUNNING, 120.0),)),
    "exactly the right size": look(TARGET, seen=(seen(RUNNING, 80.0),)),
    "one replica is enough": look(TARGET, seen=(seen(RUNNING, 8.0),), ready=1),
    "a latency that must come down": look(
        TTFT, seen=(seen("experience.ttft", 0.162, unit="s"),), ready=2
    ),
    "nobody is ready": look(
        TTFT, seen=(seen("experience.ttft", 0.162, unit="s"),), ready=0, pending=2
    ),
    "demand now": look(AHEAD, seen=(seen(DEMAND, 60.0),), forecast=forecast(*[54] * 30)),
    "demand now, no forecast": look(AHEAD, seen=(seen(DEMAND, 59.5),)),
    "demand ahead": look(
        AHEAD, seen=(seen(DEMAND, 60.0),), forecast=forecast(*[60] * 6, *[80] * 9, spread=4.2)
    ),
    "a peak before an order could serve": look(
        AHEAD, seen=(seen(DEMAND, 30.0),), forecast=forecast(30, 30, 54, *[30] * 9)
    ),
    "a forecast out of this world": look(
        AHEAD, seen=(seen(DEMAND, 59.5),), forecast=forecast(*[1e12] * 9), peak=80.0
    ),
    "a forecast and no demand": look(AHEAD, seen=(unheard(DEMAND),), forecast=forecast(*[90] * 30)),
    "capacity not learnt yet": look(AHEAD, seen=(seen(DEMAND, 60.0),), capacity=Capacity()),
    "idle replicas": look(RULE, IDLE, seen=(steady(GPU, 0.15),), memory=remembered(8)),
    "not idle": look(IDLE, seen=(seen(GPU, *[0.1] * 40, 0.42, *[0.1] * 20),)),
    "idle, but a sample is missing": look(IDLE, seen=(seen(GPU, *[0.1] * 40, None, *[0.1] * 20),)),
    "an exporter that died": look(TARGET, IDLE, seen=(seen(RUNNING, 16.0), unheard(GPU))),
    "blind, but busy": look(TARGET, RULE, seen=(seen(RUNNING, 160.0),)),
    "a source that ended": look(TARGET, seen=(seen(RUNNING, None),)),
    "a value that is none": look(TARGET, seen=(seen(RUNNING, float("nan")),)),
    "a value that cannot be": look(TARGET, seen=(seen(RUNNING, -3.0),)),
    "a signal that is new": look(RULE, seen=(steady(GPU, 0.9, minutes=2),)),
    "a signal with holes": look(RULE, seen=(seen(GPU, *[0.9] * 20, *[None] * 9, *[0.9] * 12),)),
    "noise": look(TARGET, seen=(seen(RUNNING, 88.0),)),
    "a dip": look(TARGET, seen=(seen(RUNNING, 16.0),), memory=remembered(9)),
    "just started": look(TARGET, seen=(seen(RUNNING, 16.0),), memory=Memory()),
    "a leap": look(TARGET, seen=(seen(RUNNING, 12000.0),), bounds=(1, 2000), ready=600),
    "a leap in parts": look(TARGET, seen=(seen(RUNNING, 400.0),), ready=20, memory=changed(10, 30)),
    "a fall": look(TARGET, seen=(seen(RUNNING, 16.0),), ready=40),
    "a fall in parts": look(TARGET, seen=(seen(RUNNING, 16.0),), ready=36, memory=changed(-4, 100)),
    "a second order too soon": look(TARGET, seen=(seen(RUNNING, 160.0),), memory=up(37)),
    "a release after an order": look(TARGET, seen=(seen(RUNNING, 16.0),), memory=up(380)),
    "a release after a release": look(TARGET, seen=(seen(RUNNING, 16.0),), memory=down(100)),
    "at the maximum": look(TARGET, seen=(seen(RUNNING, 160.0),), bounds=(1, 12)),
    "below the minimum": look(TARGET, seen=(seen(RUNNING, 8.0),), ready=1, bounds=(3, 12)),
    "the last replica": look(
        TARGET, seen=(seen(RUNNING, 0.0),), ready=1, bounds=(0, 12), memory=remembered(0)
    ),
    "paused": look(TARGET, seen=(seen(RUNNING, 160.0),), paused=True),
    "frozen": look(TARGET, seen=(seen(RUNNING, 160.0),), override=word(None, "load test")),
    "pinned": look(TARGET, seen=(seen(RUNNING, 160.0),), override=word(1)),
    "two policies that lack the same": look(RULE, IDLE, seen=(steady(GPU, 0.1, minutes=2),)),
    "no policies": look(),
}
