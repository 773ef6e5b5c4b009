"""A request → its caller: a bearer token, or the session of a logged-in person."""

from typing import Any

from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer

from controlplane.accounts.roles import Scope
from controlplane.accounts.selectors import Caller, caller_of_token, caller_of_user
from controlplane.common import clock
from controlplane.common.errors import Unauthenticated


class Bearer(HttpBearer):
    """`Authorization: Bearer tw_…`."""

    def __call__(self, request: HttpRequest) -> Any:
        header = request.headers.get("Authorization", "")
        return caller_of_token(header, now=clock.now()) if header else None

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Ninja's hook; unused because the header is judged whole."""
        return caller_of_token(f"Bearer {token}", now=clock.now())


class Session(APIKeyCookie):
    """The browser's own session; CSRF is checked by the parent class."""

    def __init__(self, name: str) -> None:
        self.param_name = name
        super().__init__(csrf=True)

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
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
