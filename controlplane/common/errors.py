"""Everything the product refuses on purpose → one tree, each with a stable code and a status.

ProductError
├── InvalidInput   400/422   the request can never be right; says what to write instead
├── Unauthenticated 401      no token, or not one of ours
├── Forbidden      403       a known caller without the scope or role
├── Missing        404       no such row in the caller's teams
├── Conflict       409/412/428   somebody else was faster, or no version was given
├── TooLarge       413       before or after decompression
├── WrongMedia     415       a content type or encoding that is not spoken here
└── Overloaded     503       ours, not theirs: try again after `retry_after` seconds
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong at one place; `pointer` is a JSON pointer into the request."""

    code: str
    message: str
    pointer: str = ""


class ProductError(Exception):
    """Root: carries a stable code, an HTTP status and a sentence that says what to do."""

    status = 400
    title = "The request was refused"

    def __init__(self, code: str, detail: str, *, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.faults = faults


class InvalidInput(ProductError):
    title = "The request is not valid"

    def __init__(
        self, code: str, detail: str, *, faults: tuple[Fault, ...] = (), status: int = 400
    ) -> None:
        super().__init__(code, detail, faults=faults)
        self.status = status


class Unauthenticated(ProductError):
    status = 401
    title = "Authentication is needed"


class Forbidden(ProductError):
    status = 403
    title = "Not allowed"


class Missing(ProductError):
    status = 404
    title = "Not found"


class Conflict(ProductError):
    title = "The request conflicts with the present state"

    def __init__(self, code: str, detail: str, *, status: int = 409) -> None:
        super().__init__(code, detail)
        self.status = status


class TooLarge(ProductError):
    status = 413
    title = "The request is too large"


class WrongMedia(ProductError):
    status = 415
    title = "The media type is not supported"


class Overloaded(ProductError):
    status = 503
    title = "Tidewise cannot take this right now"

    def __init__(self, code: str, detail: str, *, retry_after: int = 2) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after
