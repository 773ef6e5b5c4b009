"""A database that cannot answer now → Overloaded, which is worth a retry."""

from django.db import OperationalError

from controlplane.common.errors import Overloaded


class guarded:  # noqa: N801 - reads as the verb it is: `with guarded():`
    """Turns "the database is locked, full or gone" into Overloaded, which is worth a retry."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OperationalError):
            raise Overloaded(
                "store.busy", "The store cannot write now; send this again."
            ) from error
