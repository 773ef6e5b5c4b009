"""`/api/v1/tokens` and `/api/v1/audit`: who may ask, and who did what."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from controlplane.accounts import names, services
from controlplane.accounts.models import ApiToken, AuditEntry
from controlplane.accounts.roles import Scope, parse_scopes
from controlplane.api.auth import caller
from controlplane.api.schemas.common import Cursor, Input, Limit, Page
from controlplane.common import clock
from controlplane.common.errors import InvalidInput, Missing
from controlplane.common.paging import page

router = Router(tags=["accounts"])


class TokenIn(Input):
    name: str = Field(pattern=names.MACHINE)
    scopes: list[str] = Field(min_length=1, max_length=4)


class TokenOut(Schema):
    prefix: str
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class TokenOnce(TokenOut):
    token: str = Field(description="shown this once; only its hash is kept")


class AuditOut(Schema):
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


@router.get("/tokens", response=Page[TokenOut])
def list_tokens(request: HttpRequest, limit: Limit = 100, cursor: Cursor = None) -> Any:
    who = caller(request, Scope.ADMIN)
    rows = ApiToken.objects.filter(team=who.team)
    found, following = page(rows, cursor=cursor, limit=limit, scope=f"tokens:{who.team.pk}")
    return {"items": found, "next": following}


@router.post("/tokens", response={201: TokenOnce})
def create_token(request: HttpRequest, wish: TokenIn) -> Any:
    """A new token; its text is in this answer and nowhere else."""
    who = caller(request, Scope.ADMIN)
    try:
        scopes = parse_scopes(wish.scopes)
    except ValueError as error:
        raise InvalidInput("token.scope", str(error), status=422) from error
    row, text = services.create_token(
        who.team, wish.name, scopes=scopes, now=clock.now(), actor=who.actor
    )
    return Status(201, {**TokenOut.from_orm(row).dict(), "token": text})


@router.delete("/tokens/{prefix}", response={204: None})
def revoke_token(request: HttpRequest, prefix: str) -> Any:
    who = caller(request, Scope.ADMIN)
    row = ApiToken.objects.filter(team=who.team, prefix=prefix).first()
    if row is None:
        raise Missing("token.missing", "There is no such token in this team.")
    services.revoke_token(row, now=clock.now(), actor=who.actor)
    return Status(204, None)


@router.get("/audit", response=Page[AuditOut])
def list_audit(request: HttpRequest, limit: Limit = 100, cursor: Cursor = None) -> Any:
    who = caller(request, Scope.ADMIN)
    rows = AuditEntry.objects.filter(team=who.team)
    found, following = page(rows, cursor=cursor, limit=limit, scope=f"audit:{who.team.pk}")
    return {"items": found, "next": following}
