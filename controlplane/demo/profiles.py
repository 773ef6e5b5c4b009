"""The three workloads of the demo world as data: who asks for them, what runs them, who owns them.

All of it is made up in the image of published services (see demand.py); the hardware figures are
round numbers of the kind that data sheets and price lists show.
"""

from dataclasses import dataclass
from math import ceil, inf
from typing import Any

import numpy as np

from controlplane.demo.demand import Bursts, Follows, Shape
from controlplane.demo.fleet import Cloud
from controlplane.demo.lengths import LogNormal
from controlplane.demo.noise import Floats
from controlplane.demo.physics import Plant
from scaler.capacity.queueing import busiest

GIB = 2**30
PEAK = 0.999  # the share of minutes that a fleet without autoscaling is sized for


@dataclass(frozen=True, slots=True)
class Hardware:
    """One replica's accelerator: memory in bytes, power in watts, key-value cache in tokens."""

    accelerator: str
    memory: float
    idle_watts: float
    busy_watts: float
    reserved: float = 0.9  # the share of its memory that the engine takes at start
    kv_tokens: float | None = None  # None: the engine keeps no key-value cache


@dataclass(frozen=True, slots=True)
class Owner:
    """What the owner of the workload wrote down; policies and guardrails as in the document."""

    target: float  # seconds, of the SLO on the 95th percentile of experience.e2e
    maximum: int
    price: str  # USD per replica-hour
    policies: tuple[dict[str, Any], ...]
    guardrails: dict[str, Any]
    minimum: int = 1


@dataclass(frozen=True, slots=True)
class Profile:
    """One workload of the demo. `service_sigma` spreads service times around their mean.

    `prefill` is the mean time (s) to the first token, None where nothing is generated token by
    token; `think` is how many seconds a user lets pass between requests, None where programs ask.
    `prompts` and `answers` are None where lengths are
    not known. `decimals` is how finely cumulative counts are stored.
    """

    name: str
    description: str
    plant: Plant
    service_sigma: float
    prompts: LogNormal | None
    answers: LogNormal | None
    hardware: Hardware
    cloud: Cloud
    owner: Owner
    prefill: float | None = None
    think: float | None = None
    cached: float = 0.0  # share of prompt tokens found in the prefix cache
    crowding: float = 0.25  # how much longer a request takes in a full batch than in an empty one
    decimals: int = 1

    @property
    def pool(self) -> str:
        return f"cloud-{self.hardware.accelerator.lower()}"

    @property
    def edges(self) -> Floats:
        """Upper edges (s) of the latency histogram: around the service time, the SLO among them,
        and out to what a request waits at most, so that no quantile sticks to the last one."""
        grid = (0.2, 0.35, 0.5, 0.7, 0.85, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 6.0, 9.0)
        mean = self.plant.service_time
        longest = self.plant.timeout + 2 * mean
        late = (longest / 8, longest / 4, longest / 2, longest)
        own = {float(f"{edge:.3g}") for edge in (*(mean * share for share in grid), *late)}
        return np.array(sorted({*own, self.owner.target, inf}))

    def static_peak(self, minutes: Floats) -> int:
        """The fleet that carries all but one in a thousand of these minutes (requests per second).

        The same rule for every workload: the utilization is the highest at which the SLO still
        holds for a fleet of that size, as the engine computes it.
        """
        peak = float(np.nanquantile(minutes, PEAK))
        size = max(1, ceil(peak / self.plant.per_replica))
        servers = size * self.plant.slots
        limit = busiest(servers, self.plant.service_time, self.owner.target)
        return max(1, ceil(peak / (self.plant.per_replica * limit)))


CHAT_SHAPE = Shape(
    salt=1,
    mean=36.0,
    hours=(
        *(0.74, 0.65, 0.58, 0.54, 0.55, 0.61, 0.72, 0.87, 1.03, 1.15, 1.21, 1.22),
        *(1.20, 1.27, 1.32, 1.30, 1.25, 1.19, 1.13, 1.09, 1.07, 1.02, 0.94, 0.84),
    ),
    weekend=0.65,
    drifts=((90.0, 0.03), (420.0, 0.04), (3600.0, 0.05), (6 * 3600.0, 0.05)),
    bursts=(
        Bursts(per_day=1.6, size=0.45, minutes=12.0, onset=150.0),
        Bursts(per_day=6.0, size=0.3, minutes=1.5),
    ),
    dispersion=1.4,
)
EMBED_SHAPE = Shape(
    salt=2,
    mean=210.0,
    hours=(*(0.95,) * 7, *(1.06,) * 12, *(1.0,) * 5),
    weekend=0.92,
    drifts=((120.0, 0.02), (1800.0, 0.03), (6 * 3600.0, 0.04)),
    bursts=(
        Bursts(7.0, size=0.4, minutes=22.0, onset=180.0, form="plateau", size_sigma=0.35),
        Bursts(1.5, size=0.55, minutes=60.0, onset=300.0, form="plateau", size_sigma=0.25),
    ),
    dispersion=2.0,
)
RERANK_SHAPE = Shape(
    salt=3,
    mean=0.0,
    drifts=((180.0, 0.04), (2400.0, 0.06)),
    dispersion=1.2,
    follows=Follows(CHAT_SHAPE, share=1.1, lag=20.0),
)

GPU_RULE = {
    "kind": "threshold",
    "signal": "infra.gpu.utilization",
    "above": "85%",
    "for": "5m",
    "add": 2,
}
PREDICTIVE = {"kind": "predictive", "horizon": "30m", "quantile": "auto"}

CHAT = Profile(
    name="chat-7b",
    description="Synthetic: people chatting with a 7B model, by day more than by night.",
    plant=Plant(per_replica=6.0, slots=22, service_time=3.6, timeout=30.0),
    service_sigma=0.45,
    prompts=LogNormal(1020, 0.97),
    answers=LogNormal(129, 0.8),
    hardware=Hardware("A100", 80 * GIB, 62.0, 388.0, kv_tokens=52_000),
    cloud=Cloud(lead=90.0, jitter=0.15, failure_rate=0.02),
    owner=Owner(
        target=15.0,
        maximum=40,
        price="2.50",
        policies=(
            GPU_RULE,
            {"kind": "target", "signal": "service.requests.running", "per_replica": 19},
            PREDICTIVE,
            {"kind": "idle", "below": "30%", "for": "15m", "release_to": 2},
        ),
        guardrails={"cooldown": "60s", "cooldown_down": "2m", "max_step_down": 2},
        minimum=2,
    ),
    prefill=0.42,
    think=75.0,
    cached=0.31,
)
EMBED = Profile(
    name="embed",
    description="Synthetic: text embedding for programs, flat with batch jobs on top.",
    plant=Plant(per_replica=80.0, slots=4, service_time=0.05, timeout=5.0),
    service_sigma=0.35,
    prompts=LogNormal(280, 0.9),
    answers=None,
    hardware=Hardware("L4", 24 * GIB, 17.0, 70.0, reserved=0.45),
    cloud=Cloud(lead=60.0, jitter=0.15, failure_rate=0.02),
    owner=Owner(
        target=0.2,
        maximum=24,
        price="0.80",
        policies=(GPU_RULE, PREDICTIVE, {"kind": "idle", "below": "35%", "for": "10m"}),
        guardrails={"cooldown": "30s", "cooldown_down": "2m", "max_step_down": 2},
    ),
)
RERANK = Profile(
    name="rerank",
    description="Synthetic: reranking behind the chat, small, a few seconds after it.",
    plant=Plant(per_replica=20.0, slots=3, service_time=0.15, timeout=8.0),
    service_sigma=0.35,
    prompts=LogNormal(1500, 0.6),
    answers=None,
    hardware=Hardware("A10", 24 * GIB, 28.0, 150.0, reserved=0.6),
    cloud=Cloud(lead=45.0, jitter=0.15, failure_rate=0.02),
    owner=Owner(
        target=0.5,
        maximum=16,
        price="1.10",
        policies=(GPU_RULE, PREDICTIVE),
        guardrails={"cooldown": "60s", "cooldown_down": "2m"},
    ),
)
SHAPES = {CHAT.name: CHAT_SHAPE, EMBED.name: EMBED_SHAPE, RERANK.name: RERANK_SHAPE}
PROFILES = {profile.name: profile for profile in (CHAT, EMBED, RERANK)}
