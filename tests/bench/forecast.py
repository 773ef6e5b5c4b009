"""Recorded traces → how much better than the last value each forecaster is, and what it costs.

Usage: python -m tests.bench.forecast [--quick] [--series GLOB] [--refits 3] [--history DAYS]

Reads the traces that the folder TIDEWISE_TRACES holds (default: ../shared/data/public), each
with a line in its MANIFEST.csv. Rolling origin on the last 40 % of every series, 30 minutes
ahead: models are fitted again on the past only, as the product trains them, the newest part held
out to choose who serves. Loss is the weighted quantile loss (0.5, 0.9, 0.95, 0.99) as a ratio to
the last value with the quantiles of its own errors; `served` is the model that was chosen then.
`--history` lets the models see only so many days of the past: a cold start.
"""

import argparse
import csv
import gzip
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path

import numpy as np

from forecasting import contest, models
from forecasting.accuracy import Scores
from forecasting.backtest import Rolled, roll, score, spread_evenly
from forecasting.contest import Trial
from forecasting.selection import BASELINE, Candidate, choose
from forecasting.series import Series, from_points

ROOT = Path(__file__).resolve().parents[2]
AHEAD = timedelta(minutes=30)
SERVED = "served"
NAMES = (*models.names(), SERVED)
JUDGED = 0.4  # the newest share of a series, on which forecasts are scored


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the result


@dataclass(frozen=True, slots=True)
class Trace:
    """One recorded series."""

    name: str
    kind: str
    series: Series

    @property
    def horizon(self) -> int:
        """Steps in half an hour, at least one."""
        return max(1, round(AHEAD / self.series.step))


@dataclass(slots=True)
class Account:
    """What one model said over all refits of one series, and the processor time it took."""

    rolled: list[Rolled] = field(default_factory=list)
    fit_seconds: list[float] = field(default_factory=list)
    predict_seconds: list[float] = field(default_factory=list)

    def scores(self) -> Scores:
        """Over everything that was said."""
        parts = [(one.actual, one.predicted) for one in self.rolled]
        actual, predicted = (np.concatenate(part) for part in zip(*parts, strict=True))
        return score(Rolled(actual, predicted))


def traces(folder: Path, pattern: str) -> Iterator[Trace]:
    """Every series of the manifest whose name matches."""
    with (folder / "MANIFEST.csv").open() as manifest:
        for row in csv.DictReader(manifest):
            if fnmatch(row["name"], pattern):
                step = timedelta(seconds=float(row["freq_s"]))
                file = folder / f"{row['name']}.csv.gz"
                yield Trace(row["name"], row["kind"], _read(file, row["target"], step))


def _read(file: Path, column: str, step: timedelta) -> Series:
    with gzip.open(file, "rt") as lines:
        rows = list(csv.DictReader(lines))
    times = [datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC) for row in rows]
    points = [
        (at.timestamp(), float(row[column]))
        for at, row in zip(times, rows, strict=True)
        if row[column]
    ]
    return from_points(points, span=(times[0], times[-1] + step), step=step)


def judge(
    trace: Trace, *, refits: int, origins: int, seed: int, history: timedelta | None
) -> dict[str, Account]:
    """Fit and roll every model over the newest part; a model that ever refused is left out.

    Where nothing can be learnt, after a gap of days, the models of before go on, as in the product.
    """
    series, accounts = trace.series, {name: Account() for name in NAMES}
    trained: dict[str, Trial] = {}
    first, last = int(len(series) * (1 - JUDGED)), len(series) - trace.horizon
    edges = np.linspace(first, last + 1, refits + 1).astype(int).tolist()
    for start, stop in pairwise(edges):
        past = series.cut(end=series.start + start * series.step)
        if history is not None:
            past = past.tail(history // series.step)
        at = spread_evenly(start, stop - 1, most=origins // refits)
        trained = _trained(past, trace.horizon, seed) or trained
        for name, trial in trained.items():
            began = time.process_time()
            said = roll(trial.predictor, series, origins=at, horizon=trace.horizon)
            accounts[name].predict_seconds.append((time.process_time() - began) / len(at))
            accounts[name].fit_seconds.append(trial.seconds)
            accounts[name].rolled.append(said)
    return {name: one for name, one in accounts.items() if len(one.rolled) == refits}


def _trained(past: Series, horizon: int, seed: int) -> dict[str, Trial]:
    """What the product would have at the end of this past: every model, and who serves, if any."""
    trials = contest.compete(
        [models.estimator(name) for name in models.names()],
        contest.field(past),
        horizon=horizon,
        seed=seed,
        stopwatch=time.process_time,
    )
    if not trials:
        return {}
    choice = choose([Candidate(one.name, one.scores.wql) for one in trials])
    named = {one.name: one for one in trials}
    return {**named, SERVED: named[choice.name]}


@dataclass(slots=True)
class Summary:
    """Ratios to the last value over several series."""

    ratios: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in NAMES})

    def told(self, name: str) -> str:
        ratios = np.array(self.ratios[name])
        if not ratios.size:
            return f"{'–':>21}"
        mean = float(np.exp(np.log(ratios).mean()))
        return f"{mean:6.3f} {int((ratios < 1).sum()):3d}/{ratios.size:<2d}        "


def report(trace: Trace, accounts: dict[str, Account], summaries: Sequence[Summary]) -> None:
    """One line of the table."""
    scores = {name: one.scores() for name, one in accounts.items()}
    bar = scores[BASELINE].wql
    cells = []
    for name in NAMES:
        if name not in scores:
            cells.append(f"{'–':>21}")
            continue
        ratio, one = scores[name].wql / bar, accounts[name]
        for summary in summaries:
            summary.ratios[name].append(ratio)
        cells.append(
            f"{ratio:6.3f} {100 * scores[name].coverage_95:5.1f}"
            f" {np.mean(one.fit_seconds):4.1f} {1000 * np.mean(one.predict_seconds):3.1f}"
        )
    step = round(trace.series.seconds)
    say(f"{trace.name:<22}{trace.kind:<6}{len(trace.series):6d}{step:6d} " + " ".join(cells))


def main() -> None:
    """Every trace, line by line, and then the geometric means."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one fit and 120 origins a series")
    parser.add_argument("--series", default="*", metavar="GLOB")
    parser.add_argument("--refits", type=int, default=3)
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--history", type=float, metavar="DAYS")
    asked = parser.parse_args()
    folder = Path(os.environ.get("TIDEWISE_TRACES", ROOT.parent / "shared" / "data" / "public"))
    if not (folder / "MANIFEST.csv").is_file():
        say(f"There are no traces in {folder}; set TIDEWISE_TRACES to a folder that has some.")
        return
    refits, origins = (1, 120) if asked.quick else (asked.refits, 600)
    history = timedelta(days=asked.history) if asked.history else None
    everything, language = Summary(), Summary()
    say(f"{'':40} " + " ".join(f"{name:>21}" for name in NAMES))
    columns = " ".join([" ratio P95 % fit s  ms"] * len(NAMES))
    say(f"{'series':<22}{'kind':<6}{'steps':>6}{'s':>6} {columns}")
    for trace in traces(folder, asked.series):
        accounts = judge(trace, refits=refits, origins=origins, seed=asked.seed, history=history)
        report(trace, accounts, [everything] + ([language] if trace.kind == "llm" else []))
    for words, summary in (("language models", language), ("all", everything)):
        told = " ".join(summary.told(name) for name in NAMES)
        say(f"{words + ': mean ratio, wins':<40} {told}")


if __name__ == "__main__":
    main()
