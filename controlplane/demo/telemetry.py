"""Steps of a fleet → what its four layers would have measured. Pure numpy.

Distributions leave here as histograms, as engines export them: growth per bucket, which whoever
sends it adds up. They are expectations, not draws: a request's latency is its service time
(log-normal) after a wait that six equally likely cases stand for.
"""

from dataclasses import dataclass

import numpy as np

from controlplane.demo.lengths import LogNormal
from controlplane.demo.noise import Floats
from controlplane.demo.profiles import Profile
from controlplane.demo.steps import Steps
from controlplane.metrics.sample import Kind

TOKEN_EDGES = np.array([64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, np.inf])
CASES = 6  # equally likely waits that stand for all of them
_MIDDLES = (np.arange(CASES) + 0.5) / CASES
_TAIL = -np.log(1 - _MIDDLES)
EXPONENTIAL = _TAIL / _TAIL.mean()  # quantiles of an exponential wait, with mean one
CUT_OFF = 0.05  # the share of answers that end at the length limit


@dataclass(frozen=True, slots=True)
class Reading:
    """One series' values, one for each step; growth since the step before for cumulative kinds."""

    signal: str
    labels: tuple[tuple[str, str], ...]
    values: Floats
    kind: Kind = Kind.GAUGE


def readings(profile: Profile, steps: Steps) -> list[Reading]:
    """Every signal of the workload but its replicas, which the product counts by itself."""
    own = (("synthetic", "true"), ("workload", profile.name))
    return [
        *_experience(profile, steps, own),
        *_service(profile, steps, own),
        *_business(profile, steps, own),
        *_infra(profile, steps, own),
    ]


Labels = tuple[tuple[str, str], ...]


def _experience(profile: Profile, steps: Steps, own: Labels) -> list[Reading]:
    waits, mean = _waits(profile, steps), profile.plant.service_time
    spread = _Spread(LogNormal.of_mean(mean, profile.service_sigma), waits, _pace(profile, steps))
    found = _latency("experience.e2e", spread, profile.edges, steps.served, own)
    answered = steps.served + steps.failed
    within = spread.share(np.array([profile.owner.target]))[0]
    attained = np.divide(
        steps.served * within, answered, out=np.full(len(steps), np.nan), where=answered > 0
    )
    found.append(Reading("experience.slo_attainment", own, _rounded(attained, 5)))
    if profile.prefill is not None:
        first = LogNormal.of_mean(profile.prefill, 0.5)
        edges = np.append(_tidy(profile.edges[:-1] * profile.prefill / mean), np.inf)
        early = _Spread(first, waits, _crowd(profile, steps))
        found += _latency("experience.ttft", early, edges, steps.served, own)
        decoding = (mean - profile.prefill) * spread.pace / np.maximum(steps.output_tokens, 1.0)
        found.append(Reading("experience.tpot", own, _rounded(decoding, 6)))
    return found


def _crowd(profile: Profile, steps: Steps) -> Floats:
    """How much slower a request is than usual because others share its batch; 1 at half load.

    The fleet's capacity is that of the model, at any load: what grows is the time inside.
    """
    busy = np.nan_to_num(steps.utilization, nan=0.5)
    return np.asarray(1 + profile.crowding * (busy - 0.5), np.float64)


def _pace(profile: Profile, steps: Steps) -> Floats:
    """The service time against the usual one: by the batch, and by how long answers were."""
    crowd = _crowd(profile, steps)
    if profile.answers is None or profile.prefill is None:
        return crowd
    reading = profile.prefill / profile.plant.service_time
    return crowd * (reading + (1 - reading) * steps.output_tokens / profile.answers.mean)


@dataclass(frozen=True, slots=True)
class _Spread:
    """Latencies of each step's requests: a service time, stretched by `pace` (n,), after a wait."""

    service: LogNormal
    waits: Floats  # (CASES, n)
    pace: Floats

    def share(self, edges: Floats) -> Floats:
        """The share of requests answered within each edge, shape (edges, n)."""
        everybody = np.ones(self.pace.size)
        return np.stack(
            [
                everybody
                if np.isinf(edge)
                else self.service.below((edge - self.waits) / self.pace).mean(axis=0)
                for edge in edges
            ]
        )

    @property
    def mean(self) -> Floats:
        return np.asarray(self.service.mean * self.pace + self.waits.mean(axis=0), np.float64)


def _waits(profile: Profile, steps: Steps) -> Floats:
    """Equally likely waits (s) of each step's requests, shape (CASES, n)."""
    plant = profile.plant
    speed = np.maximum(steps.ready * plant.per_replica, 1e-9)
    start = steps.before / speed
    end = (steps.backlog + steps.failed) / speed
    queue = start + (end - start) * _MIDDLES[:, None]
    return np.asarray(np.minimum(queue + steps.chance * EXPONENTIAL[:, None], plant.timeout))


def _latency(
    signal: str, spread: _Spread, edges: Floats, served: Floats, own: Labels
) -> list[Reading]:
    return _histogram(signal, (edges, spread.share(edges) * served), spread.mean * served, own)


def _histogram(
    signal: str, buckets: tuple[Floats, Floats], total: Floats, own: Labels
) -> list[Reading]:
    """Growth of every bucket (edges, counts), of the sum and of the count."""
    edges, counts = buckets
    found = [
        Reading(signal, tuple(sorted((*own, ("le", _le(edge))))), count, Kind.BUCKET)
        for edge, count in zip(edges.tolist(), counts, strict=True)
    ]
    found.append(Reading(signal, own, total, Kind.SUM))
    found.append(Reading(signal, own, counts[-1], Kind.COUNT))
    return found


def _tidy(edges: Floats) -> Floats:
    """Edges that read back from their label as they are."""
    return np.array([float(f"{edge:.3g}") for edge in edges.tolist()])


def _le(edge: float) -> str:
    return "+Inf" if np.isinf(edge) else f"{edge:g}"


def _service(profile: Profile, steps: Steps, own: Labels) -> list[Reading]:
    plant, seconds = profile.plant, steps.seconds
    running = np.minimum(steps.served / seconds * plant.service_time, steps.ready * plant.slots)
    speed = np.maximum(steps.ready * plant.per_replica, 1e-9)
    queued = np.minimum((steps.before + steps.backlog) / 2 / speed + steps.chance, plant.timeout)
    found = [
        Reading("service.request.rate", own, _rate(profile, steps.arrivals / seconds)),
        Reading("service.request.errors", own, _rate(profile, steps.failed / seconds)),
        Reading("service.requests.running", own, _rate(profile, running)),
        Reading("service.requests.waiting", own, _rounded(steps.backlog, profile.decimals)),
        Reading("service.queue.duration", own, _rounded(queued, 5)),
    ]
    kept = profile.hardware.kv_tokens
    if kept is not None:
        each = running / np.maximum(steps.ready, 1.0)
        held = each * (steps.input_tokens + steps.output_tokens / 2)
        found.append(
            Reading("service.kv_cache.utilization", own, _rounded(np.minimum(held / kept, 1.0), 4))
        )
        batch = each + steps.input_tokens * steps.served / seconds / np.maximum(steps.ready, 1) / 50
        found.append(Reading("service.batch.tokens", own, _rounded(batch, 1)))
    return found


def _rate(profile: Profile, values: Floats) -> Floats:
    """Rates with so many decimals that a small service's mean as much as a large one's."""
    return _rounded(values, min(9, profile.decimals + 3))


def _rounded(values: Floats, decimals: int) -> Floats:
    """Few decimals are what a chunk stores in few bytes."""
    return np.asarray(np.round(values, decimals), np.float64)


def _business(profile: Profile, steps: Steps, own: Labels) -> list[Reading]:
    price = float(profile.owner.price)
    paid = _rounded(price * (steps.ready + steps.starting), 4)
    found = [
        Reading("business.cost.rate", own, paid),
        *_tokens(profile, steps, own),
        *_finished(profile, steps, own),
    ]
    if profile.think is not None:
        users = np.rint(steps.arrivals / steps.seconds * profile.think)
        found.append(Reading("business.users.active", own, users))
        found.append(Reading("business.sessions.active", own, np.rint(users * 1.15)))
    return found


def _tokens(profile: Profile, steps: Steps, own: Labels) -> list[Reading]:
    """Token rates where lengths are known, and how long prompts were."""
    rate = steps.served / steps.seconds
    found = []
    for way, lengths in (("input", steps.input_tokens), ("output", steps.output_tokens)):
        if np.isfinite(lengths).any():
            name = f"business.tokens.{way}.rate"
            found.append(Reading(name, own, _rounded(rate * lengths, 2)))
    if profile.cached:
        hits = profile.cached * rate * steps.input_tokens
        found.append(Reading("business.tokens.cached.rate", own, _rounded(hits, 1)))
    if profile.prompts is not None:
        counts = profile.prompts.below(TOKEN_EDGES)[:, None] * steps.served
        found += _histogram(
            "business.request.input_tokens",
            (TOKEN_EDGES, counts),
            steps.input_tokens * steps.served,
            own,
        )
    return found


def _finished(profile: Profile, steps: Steps, own: Labels) -> list[Reading]:
    """Requests that ended, by reason; only answers of some length can be cut off."""
    rate = steps.served / steps.seconds
    cut = CUT_OFF if profile.answers is not None else 0.0
    by_reason = {"stop": rate * (1 - cut), "error": steps.failed / steps.seconds}
    if cut:
        by_reason["length"] = rate * cut
    return [
        Reading("business.finish.rate", _with(own, "reason", reason), _rate(profile, values))
        for reason, values in by_reason.items()
    ]


def _with(own: Labels, name: str, value: str) -> Labels:
    return tuple(sorted((*own, (name, value))))


def _infra(profile: Profile, steps: Steps, own: Labels) -> list[Reading]:
    card, labels = profile.hardware, _with(own, "pool", profile.pool)
    busy, ready = steps.utilization, steps.ready
    some = ready > 0
    watts = card.idle_watts + (card.busy_watts - card.idle_watts) * busy**0.8
    return [
        Reading("infra.gpu.utilization", labels, _rounded(busy, 4)),
        Reading(
            "infra.gpu.memory.used",
            labels,
            np.rint(card.memory * card.reserved * ready / 2**20) * 2**20,
        ),
        Reading("infra.gpu.memory.total", labels, card.memory * ready),
        Reading("infra.gpu.power", labels, np.where(some, _rounded(watts * ready, 1), 0.0)),
        Reading("infra.gpu.temperature", labels, _rounded(34 + 41 * busy, 1)),
    ]
