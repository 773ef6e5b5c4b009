"""The shipped fake actuator, with accidents on the way to and from the provider."""

from collections.abc import Callable
from datetime import datetime

from scaler.actuators.base import ScaleTarget
from scaler.actuators.fake import FakeActuator
from scaler.engine.snapshot import Replicas
from scaler.errors import ActuationError


class Killed(BaseException):
    """The worker died here: nothing after this line ran."""


class Cloud(FakeActuator):
    """`refuse` fails the next order before, `lose_answer` after it took effect.

    `meanwhile` runs once, inside the next order and before it takes effect; `read_error` fails
    every read until it is cleared. `starting` are replicas that are not ready and never will be.
    `orders` counts calls, also those that changed nothing.
    """

    def __init__(self, sizes: dict[str, int] | None = None) -> None:
        super().__init__(sizes)
        self.refuse: BaseException | None = None
        self.lose_answer: BaseException | None = None
        self.read_error: ActuationError | None = None
        self.meanwhile: Callable[[], object] | None = None
        self.after_read: Callable[[], object] | None = None
        self.starting: dict[str, int] = {}
        self.orders = 0

    def observe(self, target: ScaleTarget, *, now: datetime) -> Replicas:
        if self.read_error is not None:
            raise self.read_error
        read = super().observe(target, now=now)
        after, self.after_read = self.after_read, None
        if after is not None:
            after()
        pending = tuple(now for _replica in range(self.starting.get(target.name, 0)))
        return Replicas(read.ready, pending, read.observed_at)

    def scale(self, target: ScaleTarget, desired: int, *, key: str, now: datetime) -> None:
        self.orders += 1
        refuse, self.refuse = self.refuse, None
        if refuse is not None:
            raise refuse
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        super().scale(target, desired, key=key, now=now)
        lost, self.lose_answer = self.lose_answer, None
        if lost is not None:
            raise lost
