"""A request → its caller: a bearer token, or the session of a logged-in person."""

from typing import Any

from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer

from controlplane.accounts.roles import Scope
from controlplane.accounts.selectors import Caller, caller_of_token, caller_of_user
from controlplane.common import clock
from controlplane.common.errors import Unauthenticated
from controlplane.metrics.receivers.auth import refuse_token_in_url


class Bearer(HttpBearer):
    """`Authorization: Bearer tw_…`."""

    def __call__(self, request: HttpRequest) -> Any:
        refuse_token_in_url(dict(request.GET.lists()))
        header = request.headers.get("Authorization", "")
        return caller_of_token(header, now=clock.now()) if header else None

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Ninja's hook; unused because the header is judged whole."""
        return caller_of_token(f"Bearer {token}", now=clock.now())


class Session(APIKeyCookie):
    """The browser's own session; the parent class checks CSRF on every unsafe method."""

    def __init__(self, name: str) -> None:
        self.param_name = name
        super().__init__(csrf=True)

    def __call__(self, request: HttpRequest) -> Any:
        # Without a session there is nothing to forge, and the right answer is "who are you?".
        return super().__call__(request) if self.param_name in request.COOKIES else None

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        """The logged-in person, or None."""
        if not request.user.is_authenticated:
            return None
        return caller_of_user(request.user)


def caller(request: HttpRequest, scope: Scope) -> Caller:
    """The authenticated caller, who must hold `scope`. Raises Unauthenticated or Forbidden."""
    found = getattr(request, "auth", None)
    if not isinstance(found, Caller):
        raise Unauthenticated("auth.missing", "Send a token: Authorization: Bearer tw_…")
    found.require(scope)
    return found
