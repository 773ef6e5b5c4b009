"""A snapshot and a signal's name → what may be believed of it, or why nothing may."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from operator import itemgetter, sub

from scaler.engine.snapshot import Observation, Snapshot
from scaler.policies.recommendation import Silence

ENOUGH = 0.8  # of the samples that a window should hold (promises 7.4, guard 4)
MISSING = 1.5  # intervals: a longer gap holds a sample that did not come
_moment = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Seen:
    """A signal's present value, finite and not negative, and the observation that holds it."""

    value: float
    observation: Observation


@dataclass(frozen=True, slots=True)
class Window:
    """Every value of a time, the present one last; `whole` when no sample of it is missing."""

    values: tuple[float, ...]
    whole: bool


def seen(snapshot: Snapshot, signal: str, *, policy: str) -> Seen | Silence:
    """The present value, or why there is none to be believed.

    Absent, stale, broken and zero are four different things. A negative rate, share or count is
    a fault of its source, never a reason to release.
    """
    found = snapshot.observation(signal)
    if found is None or found.received_at is None:
        return Silence(policy, "signal.absent", (("signal", signal),))
    if found.value is None:
        return Silence(policy, "signal.ended", (("signal", signal),))
    if not found.fresh(snapshot.at):
        age = (snapshot.at - found.received_at).total_seconds()
        return Silence(policy, "signal.stale", (("signal", signal), ("age_s", age)))
    if not isfinite(found.value):
        return Silence(policy, "signal.broken", (("signal", signal),))
    if found.value < 0:
        facts = (("signal", signal), ("value", found.value), ("unit", found.unit))
        return Silence(policy, "signal.negative", facts)
    return Seen(found.value, found)


def window(sight: Seen, hold: timedelta, snapshot: Snapshot, *, policy: str) -> Window | Silence:
    """What the signal was for all of `hold`, or why samples do not cover that time.

    Covered means: samples go back to its start, none is followed by a time so long that the
    signal was stale, and four fifths of the expected ones are there. That is enough to add
    replicas. To release them the window must be `whole`: the sample that is missing may have been
    the one that objects.
    """
    found, at, since = sight.observation, snapshot.at, snapshot.at - hold
    first = bisect_left(found.history, since, key=_moment)
    last = bisect_right(found.history, at, key=_moment)
    times, values = _believable(found.history[first:last])
    before = found.history[first - 1][0] if first else None
    longest = max(map(sub, times[1:], times), default=timedelta(0))
    if hold >= found.interval:
        lack = _lack(found, times, (before, since, at), longest)
        if lack:
            facts = (("signal", found.signal), ("hold_s", hold.total_seconds()))
            return Silence(policy, lack, facts)
    whole = longest <= MISSING * found.interval and _begins(times, since, before, found.interval)
    return Window((*values, sight.value), whole)


def _believable(
    history: tuple[tuple[datetime, float], ...],
) -> tuple[tuple[datetime, ...], tuple[float, ...]]:
    """Times and values of the samples that are finite and not negative."""
    times = tuple([at for at, _value in history])
    values = tuple([value for _at, value in history])
    if not values or (isfinite(sum(values)) and min(values) >= 0):
        return times, values  # one look at the sum is much cheaper than one at every value
    kept = [(at, value) for at, value in history if isfinite(value) and value >= 0]
    return tuple(at for at, _value in kept), tuple(value for _at, value in kept)


def _lack(
    found: Observation,
    times: tuple[datetime, ...],
    span: tuple[datetime | None, datetime, datetime],
    longest: timedelta,
) -> str:
    """What is wrong with the samples of a window: a past too short, gaps, or nothing."""
    before, since, until = span
    head = times[0] if times else until
    if before is None and head - since >= found.interval:
        return "signal.short"
    entry = timedelta(0) if before is None else head - before
    tail = until - times[-1] if times else timedelta(0)
    if max(longest, entry, tail) > found.reach:
        return "signal.gaps"
    present = (len(times) + 2) * found.interval  # the edges of a window may each cut an interval
    return "" if present >= ENOUGH * (until - since) else "signal.gaps"


def _begins(
    times: tuple[datetime, ...], since: datetime, before: datetime | None, interval: timedelta
) -> bool:
    """Whether no sample is missing at the start of a window; freshness looks after its end."""
    if not times:
        return before is not None and since - before < interval
    if times[0] - since < interval:
        return True
    return before is not None and times[0] - before <= MISSING * interval
