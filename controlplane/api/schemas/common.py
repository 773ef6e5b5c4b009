"""Shapes that every list shares."""

from typing import Annotated, Generic, TypeVar

from ninja import Field, Schema
from ninja.params import Query

Item = TypeVar("Item")
Limit = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[str | None, Query(max_length=200)]


class Page(Schema, Generic[Item]):
    """One page of a list; `next` is the cursor of the following one."""

    items: list[Item]
    next: str | None = Field(None, description="pass as `cursor` for the next page")


class Money(Schema):
    """An exact amount; the text never loses a cent."""

    amount: str
    currency: str


class Problem(Schema):
    """RFC 9457 problem details with a stable `code`."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
