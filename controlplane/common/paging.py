"""A queryset and a signed cursor → one page and the cursor of the next."""

from typing import TypeVar

from django.core.signing import BadSignature, Signer
from django.db.models import Model, QuerySet

from controlplane.common.errors import InvalidInput

Row = TypeVar("Row", bound=Model)
MAX_LIMIT = 500


def page(
    rows: "QuerySet[Row]", *, cursor: str | None, limit: int, scope: str
) -> tuple[list[Row], str | None]:
    """Newest first by primary key. `scope` ties a cursor to the list that issued it."""
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput("query.limit", f"limit must be from 1 to {MAX_LIMIT}.", status=422)
    signer = Signer(salt=f"cursor:{scope}")
    if cursor:
        try:
            rows = rows.filter(pk__lt=int(signer.unsign(cursor)))
        except (BadSignature, ValueError) as error:
            raise InvalidInput(
                "query.cursor", "This cursor was not issued for this list; start without one."
            ) from error
    found = list(rows.order_by("-pk")[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return found, signer.sign(str(found[-1].pk)) if more else None
