"""A row and an expected state → the row is ours, or somebody else was faster."""

from typing import Any

from django.db.models import Model, QuerySet


def claim(
    rows: "QuerySet[Any]", row: Model, *, given: dict[str, Any], then: dict[str, Any]
) -> bool:
    """Compare-and-swap on one row: set `then` where `given` still holds; True when it did.

    One UPDATE statement, so two workers cannot both win and nobody holds a lock meanwhile. The
    in-memory row is brought up to date for the winner. `given` names the row's own columns: a
    join would hide them in a subquery, which PostgreSQL does not judge again after waiting for
    the other worker's UPDATE, and both would win. Ask other tables by EXISTS on `rows`.
    """
    won = rows.filter(pk=row.pk, **given).update(**then) == 1
    if won:
        for name, value in then.items():
            setattr(row, name, value)
    return won
