"""What can go wrong while making a decision true → one error tree.

ScalerError
└── ActuationError           the provider was asked
    ├── Transient            timeout, reset, 5xx: the outcome may be unknown, so read before retrying
    └── Permanent            asking again unchanged will fail again
        ├── NotFound         no such scale target
        └── NoCapacity       quota reached or sold out; back off
"""


class ScalerError(Exception):
    """Root of everything this package raises on purpose."""


class ActuationError(ScalerError):
    """The provider refused or could not be asked. `permanent` says whether a retry may help."""

    permanent = False


class Transient(ActuationError):  # noqa: N818 - the vocabulary names the class of weather, not "Error"
    """The outcome is unknown or the provider was busy."""


class Permanent(ActuationError):  # noqa: N818 - see Transient
    """The same order will be refused again."""

    permanent = True


class NotFound(Permanent):
    """The scale target does not exist there."""


class NoCapacity(Permanent):
    """The provider has no more to give right now."""
