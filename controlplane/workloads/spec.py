"""A workload as YAML or JSON → one validated document, and back. Pure pydantic, no rows."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_serializer, model_validator

from controlplane.accounts import names
from controlplane.workloads.targets import Target
from controlplane.workloads.units import Amount, Bound, Duration, Ratio, format_ratio

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]
TeamName = Annotated[str, Field(pattern=names.TEAM)]
SignalName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_:.]{0,127}$")]
Count = Annotated[int, Field(ge=0, le=100_000, strict=True)]
Positive = Annotated[int, Field(ge=1, le=100_000, strict=True)]
Rate = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False, strict=True)]
Quantile = Annotated[float, Field(gt=0, lt=1, strict=True)]
# Labels as Prometheus spells them; a value that is blank or unprintable could match nothing.
LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_.:/-]{0,127}$")]
_PRINTABLE = r"[^\x00-\x1f\x7f]"
LabelValue = Annotated[
    str, Field(pattern=rf"^{_PRINTABLE}*[^\x00-\x20\x7f]{_PRINTABLE}*$", max_length=256)
]
Labels = Annotated[dict[LabelName, LabelValue], Field(max_length=32)]
Word = Annotated[str, Field(pattern=rf"^{_PRINTABLE}*$", max_length=60)]


def _some(length: timedelta) -> timedelta:
    if not length:
        raise ValueError("give a time longer than 0s")
    return length


Span = Annotated[Duration, AfterValidator(_some)]
Share = Annotated[Ratio, Field(gt=0)]


class Document(BaseModel):
    """Every part refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Metadata(Document):
    name: Name
    team: TeamName = names.DEFAULT_TEAM
    labels: Labels = {}


class Slo(Document):
    signal: SignalName = "experience.e2e"
    quantile: Quantile = 0.95
    target: Span
    objective: Ratio = 0.999


class Demand(Document):
    signal: SignalName = "service.request.rate"


class CapacitySpec(Document):
    per_replica: Rate | None = None
    slots: Positive = 1
    service_time: Span = timedelta(milliseconds=100)
    timeout: Span = timedelta(seconds=10)


class Range(Document):
    min: Count = 1
    max: Positive = 10

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}; swap them or raise max")
        return self


class Price(Document):
    amount: Amount
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"


class PoolSpec(Document):
    name: Name
    target: Target
    accelerator: Word = ""
    role: Literal["base", "burst", "edge"] = "base"
    share: Share | None = None
    price: Price | None = None
    lead_time: Duration | None = None
    replicas: Range | None = None


class ThresholdPolicy(Document):
    kind: Literal["threshold"]
    signal: SignalName
    above: Bound | None = None
    below: Bound | None = None
    for_: Duration = Field(alias="for")
    add: Positive | None = None
    remove: Positive | None = None

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="after")
    def _one_direction(self) -> "ThresholdPolicy":
        up, down = self.above is not None, self.below is not None
        if up == down or up != (self.add is not None) or down != (self.remove is not None):
            raise ValueError('give either "above" with "add", or "below" with "remove"')
        return self


class TargetPolicy(Document):
    kind: Literal["target"]
    signal: SignalName
    per_replica: Rate | None = None
    value: Bound | None = None

    @model_validator(mode="after")
    def _one_goal(self) -> "TargetPolicy":
        if (self.per_replica is None) == (self.value is None):
            raise ValueError('give either "per_replica" (a summed signal) or "value" (an average)')
        if self.value is not None and self.value <= 0:
            raise ValueError("value must be positive")
        return self


class PredictivePolicy(Document):
    kind: Literal["predictive"]
    horizon: Span = timedelta(minutes=30)
    quantile: Quantile | Literal["auto"] = "auto"
    utilization: Share | None = None


class IdlePolicy(Document):
    kind: Literal["idle"]
    signal: SignalName = "infra.gpu.utilization"
    below: Bound
    for_: Duration = Field(alias="for")
    release_to: Count = 1

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


Policy = Annotated[
    ThresholdPolicy | TargetPolicy | PredictivePolicy | IdlePolicy, Field(discriminator="kind")
]


class Guardrails(Document):
    tolerance: Annotated[Ratio, Field(lt=1)] = 0.1
    max_step_up: Positive | None = None
    max_step_down: Positive | None = None
    scale_down_stabilization: Duration = timedelta(minutes=5)
    cooldown: Duration = timedelta(seconds=60)
    cooldown_down: Duration = timedelta(minutes=5)


class Baseline(Document):
    """What the fleet would have been without autoscaling, declared by its owner."""

    kind: Literal["static-peak"] = "static-peak"
    replicas: Positive


class Spec(Document):
    slo: Slo | None = None
    demand: Demand = Demand()
    capacity: CapacitySpec = CapacitySpec()
    replicas: Range
    pools: Annotated[tuple[PoolSpec, ...], Field(min_length=1, max_length=20)]
    policies: Annotated[tuple[Policy, ...], Field(max_length=20)] = ()
    guardrails: Guardrails = Guardrails()
    baseline: Baseline | None = None
    mode: Literal["off", "recommend", "auto"] = "recommend"

    @model_validator(mode="after")
    def _pools_are_distinct(self) -> "Spec":
        names = [pool.name for pool in self.pools]
        if len(set(names)) != len(names):
            raise ValueError("two pools have the same name; each needs its own")
        targets = [pool.target for pool in self.pools]
        if len(set(targets)) != len(targets):
            raise ValueError("two pools have the same target; each scale target has one pool")
        currencies = sorted({pool.price.currency for pool in self.pools if pool.price})
        if len(currencies) > 1:
            raise ValueError(f"prices are in {' and '.join(currencies)}; use one currency")
        return self

    @model_validator(mode="after")
    def _thresholds_leave_a_gap(self) -> "Spec":
        """Bounds that overlap would add and remove at the same value, for ever."""
        bounds = [each for each in self.policies if isinstance(each, ThresholdPolicy)]
        ups = [(each.signal, each.above) for each in bounds if each.above is not None]
        downs = [(each.signal, each.below) for each in bounds if each.below is not None]
        for signal, above in ups:
            for other, below in downs:
                if signal == other and above <= below:
                    raise ValueError(
                        f"on {signal}, above {above:g} adds and below {below:g} removes;"
                        " leave a gap between them"
                    )
        return self

    @model_validator(mode="after")
    def _pools_can_hold_the_bounds(self) -> "Spec":
        most = sum(self.range_of(pool).max for pool in self.pools)
        if most < self.replicas.min:
            raise ValueError(f"the pools hold at most {most} replicas, fewer than min")
        least = sum(self.range_of(pool).min for pool in self.pools)
        if least > self.replicas.max:
            raise ValueError(f"the pools hold at least {least} replicas, more than max")
        return self

    def range_of(self, pool: PoolSpec) -> Range:
        """How few and how many replicas one pool may hold."""
        if pool.replicas is not None:
            return pool.replicas
        least = self.replicas.min if len(self.pools) == 1 else 0
        return Range(min=least, max=self.replicas.max)

    @property
    def reach(self) -> tuple[int, int]:
        """The fewest and the most replicas there can be: the bounds, as far as pools allow."""
        least = sum(self.range_of(pool).min for pool in self.pools)
        most = sum(self.range_of(pool).max for pool in self.pools)
        return max(self.replicas.min, least), min(self.replicas.max, most)


class WorkloadDocument(Document):
    """The whole document, as `apply` reads it and `export` writes it."""

    api_version: Literal["tidewise/v1"] = Field(alias="apiVersion")
    kind: Literal["Workload"]
    metadata: Metadata
    spec: Spec

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @field_serializer("spec")
    def _plain(self, spec: Spec) -> dict[str, object]:
        plain = spec.model_dump(
            mode="json", by_alias=True, exclude_none=True, exclude_defaults=True
        )
        plain.setdefault("mode", spec.mode)
        for policy, source in zip(plain.get("policies", []), spec.policies, strict=False):
            policy["kind"] = source.kind
            _show_units(policy)
        for pool, declared in zip(plain["pools"], spec.pools, strict=True):
            pool["target"]["kind"] = declared.target.kind
        return plain


def _show_units(policy: dict[str, object]) -> None:
    """Bounds of utilization signals read better as a share."""
    if "utilization" in str(policy.get("signal", "")) or policy["kind"] == "idle":
        for key in ("above", "below", "value"):
            bound = policy.get(key)
            if isinstance(bound, float) and 0 <= bound <= 1:
                policy[key] = format_ratio(bound)
