"""What can go wrong while making a decision true → one error tree.

ScalerError
├── NoDecision               the engine may not decide: mode off, or no fresh size
└── ActuationError           the provider was asked
    ├── Transient            timeout, reset, 5xx: the outcome may be unknown; read before retrying
    └── Permanent            asking again unchanged will fail again
        ├── NotFound         no such scale target
        └── NoCapacity       quota reached or sold out; back off
"""


class ScalerError(Exception):
    """Root of everything this package raises on purpose."""


class ActuationError(ScalerError):
    """The provider refused or could not be asked. `permanent` says whether a retry may help."""

    permanent = False


class Transient(ActuationError):
    """The outcome is unknown or the provider was busy."""


class Permanent(ActuationError):
    """The same order will be refused again."""

    permanent = True


class NotFound(Permanent):
    """The scale target does not exist there."""


class NoCapacity(Permanent):
    """The provider has no more to give right now."""


class NoDecision(ScalerError):
    """Nothing may be decided; `code` says why: mode.off, size.unknown or size.stale."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
