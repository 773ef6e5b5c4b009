"""What one policy says: a wish for a size with its reason, or why it sees too little to wish."""

from dataclasses import dataclass
from enum import StrEnum

Fact = str | float | int
Facts = tuple[tuple[str, Fact], ...]


class Voice(StrEnum):
    """How much a recommendation counts when several are combined."""

    ASK = "ask"  # this size is needed
    FLOOR = "floor"  # may raise the result, never lower it: a forecast without a look at demand
    RELEASE = "release"  # fewer are enough; heard only when nobody asks
    CALM = "calm"  # saw healthy data and has no wish


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An unclamped wish for a size, with a reason code and the numbers behind it.

    `reason` is a key of scaler.engine.sentence_table and `facts` the numbers in that sentence, in
    base units. A RELEASE is weaker than an ASK: if "two fewer are enough" could beat "eight are
    needed", then more load, which silences the former, would shrink the fleet.
    """

    policy: str
    desired: int
    reason: str
    facts: Facts = ()
    voice: Voice = Voice.ASK


@dataclass(frozen=True, slots=True)
class Silence:
    """A policy that saw too little to have an opinion, and what it lacked.

    That is never a wish for less: while anybody is silent, nothing is released.
    """

    policy: str
    reason: str
    facts: Facts = ()
