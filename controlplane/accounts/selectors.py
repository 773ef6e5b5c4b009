"""Bearer tokens and sessions → who is asking, for which team, with which scopes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AnonymousUser, User

from controlplane.accounts import tokens
from controlplane.accounts.models import ApiToken, Membership, Team
from controlplane.accounts.roles import ROLE_SCOPES, Role, Scope
from controlplane.common.errors import Forbidden, Unauthenticated

_ABSENT = tokens.digest("no such token")
TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or a token, acting for one team."""

    team: Team
    actor: str  # what the audit log calls them
    scopes: frozenset[Scope]

    def require(self, scope: Scope) -> None:
        """Raises Forbidden when the scope is missing."""
        if scope not in self.scopes:
            raise Forbidden("auth.scope", f"This needs the scope {scope.value}.")


def caller_of_token(header: str, *, now: datetime) -> Caller:
    """`Authorization` header → caller. Unknown, revoked and expired tokens look the same.

    A digest is compared even when no row was found, so that timing says nothing either.
    """
    kind, _, text = header.partition(" ")
    if not header or kind.lower() != "bearer" or not text:
        raise Unauthenticated("auth.missing", "Send a token: Authorization: Bearer tw_…")
    prefix = tokens.prefix_of(text.strip())
    row = ApiToken.objects.select_related("team").filter(prefix=prefix or "").first()
    right = tokens.matches(text.strip(), row.digest if row else _ABSENT)
    if row is None or not right or not row.usable(now):
        raise Unauthenticated("auth.invalid", "This token is not valid.")
    _touch(row, now)
    return Caller(row.team, _actor("token", row.name), row.granted)


def _touch(row: ApiToken, now: datetime) -> None:
    """Remember the use, at most once a minute: ingest must not write a row per request."""
    if row.last_used_at is None or now - row.last_used_at > TOUCH_EVERY:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)


def caller_of_user(user: User | AnonymousUser, *, team: str | None = None) -> Caller:
    """A logged-in person acting for `team`, or for their first team."""
    if not user.is_authenticated:
        raise Unauthenticated("auth.missing", "Log in, or send a bearer token.")
    found = Membership.objects.select_related("team").filter(user=user).order_by("team__slug")
    membership = found.filter(team__slug=team).first() if team else found.first()
    if membership is None:
        raise Forbidden("auth.team", "You are not a member of this team.")
    role = Role(membership.role)
    return Caller(membership.team, _actor("user", user.get_username()), ROLE_SCOPES[role])


def _actor(kind: str, name: str) -> str:
    """As long as the columns that keep it; Django's user names may be longer."""
    return f"{kind}:{name}"[:120]
