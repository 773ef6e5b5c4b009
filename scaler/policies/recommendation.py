"""One policy's wish: a size, unclamped, with its reason."""

from dataclasses import dataclass

Fact = str | int | float
Facts = tuple[tuple[str, Fact], ...]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """How many replicas one policy wants, and why.

    `reason` is a stable code such as `threshold.above`; `facts` are the numbers its sentence needs
    in base units. `floor_only` marks a wish that may raise the result but never lower it (a
    forecast). `abstains` marks a policy that saw healthy data and has no wish: it neither asks for
    a size nor objects to a smaller one. A policy that saw too little returns None instead, and
    that does object.
    """

    policy: str
    desired: int
    reason: str
    facts: Facts = ()
    floor_only: bool = False
    abstains: bool = False
