"""Realistic snapshots → how long the pure engine takes for one decision, and for a whole tick.

Usage: python -m tests.bench.decide [--runs 9] [--workloads 10000] [--profile]

A snapshot has four policies, three signals with 60 samples each, a forecast of 30 minutes and six
minutes of memory. The anchor is a bare rule in pure Python (is any of 60 values above a bound?),
measured in turn with the decisions, so that a busy machine slows both. All times are those of the
processor: what else it does meanwhile is not counted.
"""

import argparse
import cProfile
import pstats
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median

import numpy as np

from forecasting.forecast import QUANTILES, Forecast
from scaler.engine.decide import decide
from scaler.engine.settings import IdleParams, PredictiveParams, TargetParams, ThresholdParams
from scaler.engine.snapshot import (
    Bounds,
    Capacity,
    Memory,
    Mode,
    Observation,
    Past,
    Replicas,
    Snapshot,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STEP = timedelta(seconds=15)
SAMPLES = 60
DISTINCT = 1000  # snapshots of their own; a tick of more goes round
POLICIES = (
    ThresholdParams("infra.gpu.utilization", 2, timedelta(minutes=5), above=0.85),
    TargetParams("service.requests.running", per_replica=8),
    PredictiveParams(slo_target=timedelta(milliseconds=200)),
    IdleParams(below=0.3, hold=timedelta(minutes=14), release_to=1),
)


def snapshot(luck: Random) -> Snapshot:
    """One workload at noon, somewhere between idle and overrun."""
    load = luck.uniform(0.1, 1.1)
    size = luck.randint(2, 60)
    rows = np.cumsum(np.full((30, len(QUANTILES)), 0.1 * size), axis=1) + 10 * size * load
    return Snapshot(
        workload="chat-7b",
        at=NOON,
        mode=Mode.AUTO,
        replicas=Replicas(size, (NOON + timedelta(minutes=2),) * luck.randint(0, 2), NOON),
        bounds=Bounds(1, 200),
        capacity=Capacity(per_replica=12, slots=8),
        observations=(
            _observation("infra.gpu.utilization", min(1.0, load), luck),
            _observation("service.requests.running", 8 * size * load, luck),
            _observation("service.request.rate", 10 * size * load, luck),
        ),
        policies=POLICIES,
        forecast=Forecast(NOON - STEP, timedelta(minutes=1), QUANTILES, rows, "lstm"),
        memory=Memory(tuple(Past(NOON - STEP * back, size) for back in range(24, 0, -1))),
    )


def _observation(signal: str, level: float, luck: Random) -> Observation:
    values = [level * luck.uniform(0.95, 1.05) for _ in range(SAMPLES)]
    history = tuple((NOON - STEP * (SAMPLES - 1 - i), value) for i, value in enumerate(values))
    return Observation(signal, values[-1], NOON, STEP, history)


def rule(values: list[float]) -> bool:
    """The anchor."""
    return any(value > 2.0 for value in values)


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--workloads", type=int, default=10_000)
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    asked = parser.parse_args()
    luck = Random(7)  # noqa: S311 - a benchmark
    worlds = [snapshot(luck) for _ in range(min(DISTINCT, asked.workloads))]
    tick = [worlds[index % len(worlds)] for index in range(asked.workloads)]
    anchor = [value for _at, value in worlds[0].observations[0].history]

    def decide_all() -> None:
        for each in tick:
            decide(each, now=NOON)

    def judge_all() -> None:
        for _ in tick:
            rule(anchor)

    decide_all()  # warm: caches and branch predictors as in a process that has run a while
    pairs = [(seconds(decide_all), seconds(judge_all)) for _ in range(asked.runs)]
    ticks, anchors = zip(*pairs, strict=True)
    one, least = median(ticks) / len(tick), min(ticks) / len(tick)
    ratio = median(first / second for first, second in pairs)
    sys.stdout.write(
        f"one decision          median {one * 1e6:6.1f} us   best {least * 1e6:6.1f} us\n"
        f"{len(tick):,} workloads      median {median(ticks) * 1e3:6.0f} ms   "
        f"best {min(ticks) * 1e3:6.0f} ms\n"
        f"against a bare rule   {ratio:.1f} x  ({median(anchors) / len(tick) * 1e6:.1f} us)\n"
    )
    if asked.profile:
        with cProfile.Profile() as profile:
            decide_all()
        pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(20)
    return 0


if __name__ == "__main__":
    sys.exit(main())
