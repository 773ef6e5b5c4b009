"""A recording and a moment → demand for ever: the past before it, then real time, then again.

The recording is shifted in time so that its time of day (and, when it is long enough, its weekday)
stays as it was recorded. Its last quarter is kept for the time after `anchor`; at its end it goes
back by whole days or weeks and says so. Pure numpy.
"""

from dataclasses import dataclass, replace

import numpy as np

from controlplane.demo.demand import Lot
from controlplane.demo.fleet import Cloud
from controlplane.demo.noise import Floats
from controlplane.demo.physics import Plant
from controlplane.demo.profiles import GIB, GPU_RULE, PREDICTIVE, Hardware, Owner, Profile
from controlplane.demo.trace import Recording

DAY, WEEK = 86400.0, 7 * 86400.0
LIVE_SHARE = 0.25  # of the recording, kept for real time
LIVE_MOST = WEEK
MEAN_REPLICAS, MEAN_UTILIZATION = 8, 0.7
TOKENS_EACH = 1631.0  # a prompt's mean length in Azure's 2024 conversation trace


@dataclass(frozen=True, slots=True)
class Recorded:
    """Demand from a recording: at Unix time `anchor` it is `origin` seconds into it."""

    recording: Recording
    anchor: float
    origin: float

    @property
    def loop(self) -> float:
        """How far it goes back at its end (s)."""
        length = self.recording.seconds
        period = _period(length)
        return length // period * period if period else length

    def place(self, times: Floats) -> Floats:
        """Seconds into the recording at Unix times; NaN before its beginning."""
        ahead = times - self.anchor + self.origin
        over = np.maximum(ahead - self.recording.seconds, -1.0)
        back = np.where(over >= 0, (np.floor(over / self.loop) + 1) * self.loop, 0.0)
        return np.where(ahead >= 0, ahead - back, np.nan)

    def laps(self, time: float) -> int:
        """How often it has gone back to its beginning by then."""
        over = time - self.anchor + self.origin - self.recording.seconds
        return 0 if over < 0 else int(over // self.loop) + 1

    def lot(self, start: float, *, step: float, count: int) -> Lot:
        """Counts are spread evenly over their interval, and added up over longer steps."""
        first = self.place(np.asarray(start + np.arange(count) * step, np.float64))
        tape = self.recording
        requests = _within(tape.requests, tape.step, first, step)
        prompts = _within(tape.input_tokens, tape.step, first, step)
        answers = _within(tape.output_tokens, tape.step, first, step)
        with np.errstate(divide="ignore", invalid="ignore"):
            each = np.where(requests > 0, requests, np.nan)
            return Lot(requests, prompts / each, answers / each)


def _within(counts: Floats, step: float, first: Floats, length: float) -> Floats:
    """What the intervals say about [first, first + length); NaN where less than half is known."""
    known = np.isfinite(counts)
    edges = np.arange(counts.size + 1) * step
    total = np.concatenate(([0.0], np.cumsum(np.where(known, counts, 0.0))))
    seconds = np.concatenate(([0.0], np.cumsum(known * step)))
    last = np.minimum(first + length, edges[-1])
    counted = np.interp(last, edges, total) - np.interp(first, edges, total)
    covered = np.interp(last, edges, seconds) - np.interp(first, edges, seconds)
    enough = np.isfinite(first) & (covered > 0) & (covered >= (last - first) / 2)
    found = np.full(first.size, np.nan)
    np.divide(counted * length, covered, out=found, where=enough)
    return found


def anchored(recording: Recording, *, now: float) -> Recorded:
    """The recording with its last quarter still to come, a week at most, in phase with `now`."""
    recording = _countable(recording)
    length = recording.seconds
    origin = length - min(LIVE_SHARE * length, LIVE_MOST)
    period = _period(length)
    if period:
        origin -= (recording.start + origin - now) % period
    return Recorded(recording, now, origin)


def _period(length: float) -> float:
    """What to stay in phase with: a week from three on, a day from two on, else nothing."""
    if length >= 3 * WEEK:
        return WEEK
    return DAY if length >= 2 * DAY else 0.0


def _countable(recording: Recording) -> Recording:
    """Requests where the source only says tokens: so many of the usual length."""
    if recording.counted != "input_tokens":
        return recording
    return replace(recording, requests=recording.input_tokens / TOKENS_EACH)


def profile(recorded: Recorded) -> Profile:
    """A fleet of its size: eight replicas at 70 % carry the recording's mean."""
    tape = recorded.recording
    each = tape.mean_rate / (MEAN_REPLICAS * MEAN_UTILIZATION)
    service = 0.1
    count = tape.mean_rate * 5  # requests in a step of the live world
    return Profile(
        name=tape.name,
        description=_description(tape),
        plant=Plant(float(f"{each:.4g}"), max(1, round(each * service)), service, timeout=10.0),
        service_sigma=0.25,
        prompts=None,
        answers=None,
        hardware=Hardware("A100", 80 * GIB, 62.0, 388.0),
        cloud=Cloud(lead=120.0, jitter=0.15, failure_rate=0.02),
        owner=Owner(
            target=0.2,
            maximum=80,
            price="2.50",
            policies=(GPU_RULE, PREDICTIVE),
            guardrails={"cooldown": "60s", "cooldown_down": "3m"},
        ),
        decimals=int(np.clip(np.ceil(3 - np.log10(max(count, 1e-9))), 0, 9)),
    )


def _description(tape: Recording) -> str:
    if tape.counted == "input_tokens":
        said = f"input tokens, at {TOKENS_EACH:.0f} a request"
    else:
        said = "requests" if tape.counted == "requests" else "its values, taken as requests"
    return f"Synthetic fleet under recorded demand: {said}."
