"""DATABASE_URL and a role → one process that writes, compacts or reads the store until killed.

Usage: python -m tests.controlplane.metrics.system.store_worker ROLE TEAM SERIES… [--from N]

`write` prints the number of each round once it is durable; `read` prints what it found wrong.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings")
django.setup()

import numpy as np  # noqa: E402 - Django first

from controlplane.common import clock  # noqa: E402
from controlplane.common.errors import Overloaded  # noqa: E402
from controlplane.metrics.sample import Columns  # noqa: E402
from controlplane.metrics.stores.base import Pending  # noqa: E402
from controlplane.metrics.stores.embedded import EmbeddedStore  # noqa: E402

STEP_MS = 1000
store = EmbeddedStore()


def say(text: object) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def value_at(series: int, turn: int) -> float:
    return series + turn / 8


def write(team: int, series: Sequence[int], first: int) -> None:
    """One sample a series and round; a store that is busy is asked again, as a sender would."""
    turn = first
    names = np.array(series, np.int64)
    while True:
        stamps = np.full(names.size, turn * STEP_MS, np.int64)
        columns = Columns(names, stamps, value_at(0, turn) + names.astype(np.float64))
        try:
            store.append([Pending(team, columns, clock.now())])
        except Overloaded:
            continue
        say(turn)
        turn += 1


def compact(_team: int, _series: Sequence[int], _first: int) -> None:
    while True:
        try:
            store.compact(now=clock.now(), force=True)
        except Overloaded:
            continue


def read(team: int, series: Sequence[int], _first: int) -> None:
    """What was once there stays there, in order, once, and with its value."""
    counts = dict.fromkeys(series, 0)
    while True:
        found = store.read(team, list(series), start_ms=0, end_ms=2**60)
        for one, (times, values) in found.items():
            if times.size < counts[one] or (np.diff(times) <= 0).any():
                say(f"series {one}: {counts[one]} samples became {times.size}")
            if not np.array_equal(values, value_at(one, 0) + times / STEP_MS / 8):
                say(f"series {one}: a value is not its own")
            counts[one] = times.size


ROLES: dict[str, Callable[[int, Sequence[int], int], None]] = {
    "write": write,
    "compact": compact,
    "read": read,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=ROLES)
    parser.add_argument("team", type=int)
    parser.add_argument("series", type=int, nargs="*")
    parser.add_argument("--from", dest="first", type=int, default=0)
    asked = parser.parse_args()
    ROLES[asked.role](asked.team, asked.series, asked.first)


if __name__ == "__main__":
    main()
