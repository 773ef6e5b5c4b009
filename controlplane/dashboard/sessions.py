"""A session's key → who is behind it right now and which team they look at."""

from dataclasses import dataclass
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from controlplane.accounts.selectors import caller_of_user
from controlplane.common.errors import ProductError
from controlplane.dashboard.visit import TEAM_KEY


@dataclass(frozen=True, slots=True)
class Access:
    """What a session is good for now. `user` and `team` are None when it is good for nothing."""

    user: int | None
    team: int | None


def access(session_key: str | None) -> Access:
    """Read the stored session again: a logout or a lost membership shows at once."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    if isinstance(user, AnonymousUser) or not user.is_active:
        return Access(None, None)
    chosen = request.session.get(TEAM_KEY)
    try:
        return Access(user.pk, caller_of_user(user, team=chosen).team.pk)
    except ProductError:
        return Access(user.pk, None)
