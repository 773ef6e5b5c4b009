"""Teams, people and tokens: everything that writes their rows."""

import re
import secrets
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import transaction

from controlplane.accounts import names, tokens
from controlplane.accounts.audit import audit
from controlplane.accounts.models import ApiToken, LoginLink, Membership, Team
from controlplane.accounts.roles import Role, Scope
from controlplane.common.claims import claim
from controlplane.common.errors import InvalidInput

TOKEN_LIFE = timedelta(days=90)
LINK_LIFE = timedelta(hours=24)


def ensure_team(slug: str, name: str = "") -> Team:
    """The team of that name, made when it does not exist. Raises InvalidInput for no such name."""
    if not re.fullmatch(names.TEAM, slug):
        raise InvalidInput(
            "team.slug", f"A team is named by a-z, 0-9 and -, at most 60, not {slug[:80]!r}."
        )
    return Team.objects.get_or_create(slug=slug, defaults={"name": name or slug.title()})[0]


def ensure_admin(team: Team, username: str = "admin") -> User:
    """A person who may do everything in the team; without a password until one is set.

    Raises InvalidInput for a name that no form would take.
    """
    if not re.fullmatch(names.USER, username):
        raise InvalidInput("user.name", "A user name has letters, digits and @ . + - _ only.")
    user, created = get_user_model().objects.get_or_create(
        username=username, defaults={"is_staff": True, "is_superuser": True}
    )
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    Membership.objects.get_or_create(team=team, user=user, defaults={"role": Role.ADMIN.value})
    return user


@transaction.atomic
def create_token(
    team: Team, name: str, *, scopes: frozenset[Scope], now: datetime, actor: str
) -> tuple[ApiToken, str]:
    """A new token row and the text that is shown once. Raises InvalidInput for an odd name."""
    if not re.fullmatch(names.MACHINE, name):
        raise InvalidInput(
            "token.name",
            "Name a token by 1 to 80 printable characters, the first of them no space.",
        )
    minted = tokens.mint()
    row = ApiToken.objects.create(
        team=team,
        name=name,
        prefix=minted.prefix,
        digest=minted.digest,
        scopes=sorted(scope.value for scope in scopes),
        expires_at=now + TOKEN_LIFE,
    )
    audit(team, actor=actor, action="token.create", subject=name, now=now, scopes=row.scopes)
    return row, minted.text


@transaction.atomic
def revoke_token(row: ApiToken, *, now: datetime, actor: str) -> None:
    """Dead from now on; the row stays for the audit."""
    if claim(ApiToken.objects.all(), row, given={"revoked_at": None}, then={"revoked_at": now}):
        audit(row.team, actor=actor, action="token.revoke", subject=row.name, now=now)


def create_login_link(user: User, *, now: datetime) -> str:
    """The secret of a link that logs `user` in once."""
    secret = secrets.token_urlsafe(32)
    LoginLink.objects.filter(expires_at__lt=now).delete()
    LoginLink.objects.create(user=user, digest=tokens.digest(secret), expires_at=now + LINK_LIFE)
    return secret


def redeem_login_link(secret: str, *, now: datetime) -> User | None:
    """The person behind an unused, unexpired link; the link is used up by the same statement."""
    link = (
        LoginLink.objects.select_related("user")
        .filter(digest=tokens.digest(secret), expires_at__gt=now, used_at=None)
        .first()
    )
    if link and claim(
        LoginLink.objects.all(), link, given={"used_at": None}, then={"used_at": now}
    ):
        return link.user
    return None
