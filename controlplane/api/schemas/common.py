"""Shapes that every list shares, and what all input has in common."""

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from ninja import Field, Schema
from ninja.params import Query
from pydantic import AfterValidator, ConfigDict

Item = TypeVar("Item")
Limit = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[str | None, Query(max_length=200)]
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _sensible(moment: datetime) -> datetime:
    """With a zone, and far enough from where the calendar ends that arithmetic cannot fail."""
    if moment.tzinfo is None:
        raise ValueError("give the time with its zone, such as 2026-03-02T12:00:00Z")
    if not _FIRST <= moment <= _LAST:
        raise ValueError("give a time from 2000 to 2200")
    return moment


Instant = Annotated[datetime, AfterValidator(_sensible)]


class Input(Schema):
    """A body: every key is known, and every value has its own type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Page(Schema, Generic[Item]):
    """One page of a list; `next` is the cursor of the following one."""

    items: list[Item]
    next: str | None = Field(None, description="pass as `cursor` for the next page")
