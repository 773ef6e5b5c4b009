"""Where a pool's replicas live: one address shape per kind of scale target. Pure."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Target(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SimulatedTarget(_Target):
    """The pretend cloud that ships with the product."""

    kind: Literal["simulated"]
    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9._-]{1,80}$")]


# One kind today. Real clouds join this union with their actuators; until then an address that
# nothing could reach is refused at the door instead of failing at three in the morning.
Target = SimulatedTarget
