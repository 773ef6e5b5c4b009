"""A request → who asks, for which team, and how they want to read; refusals → pages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

import structlog
from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language

from controlplane.accounts.models import Membership, Team
from controlplane.accounts.roles import Role, Scope
from controlplane.accounts.selectors import Caller, caller_of_user
from controlplane.common import clock
from controlplane.common.errors import Forbidden, ProductError
from controlplane.dashboard.wording import refusal as refusal_text
from controlplane.dashboard.wording import refusal_title
from controlplane.dashboard.zones import Zone, zone_of

TEAM_KEY = "team"  # in the session: the slug of the team a person looks at
THEME_COOKIE = "tidewise_theme"
THEMES = ("system", "light", "dark")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Visit:
    """One person's look at one team, at one instant."""

    caller: Caller
    now: datetime
    zone: Zone
    language: str

    @property
    def team(self) -> Team:
        return self.caller.team

    @property
    def may_scale(self) -> bool:
        return Scope.SCALE in self.caller.scopes

    @property
    def may_administer(self) -> bool:
        return Scope.ADMIN in self.caller.scopes

    @property
    def role(self) -> Role:
        """The role in words; the scopes decide."""
        if self.may_administer:
            return Role.ADMIN
        return Role.OPERATOR if self.may_scale else Role.VIEWER


View = Callable[Concatenate[HttpRequest, Visit, P], HttpResponseBase]
Wrapped = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def for_people(*, scope: Scope = Scope.READ, data: bool = False) -> Callable[[View[P]], Wrapped[P]]:
    """Give the view a Visit. `data` answers JSON to a script instead of pages to a person."""

    def decorate(view: View[P]) -> Wrapped[P]:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _login(request, data=data)
            zone = zone_of(request.COOKIES, default=settings.TIME_ZONE)
            with timezone.override(zone.info):
                try:
                    visit = visit_of(request, zone)
                    visit.caller.require(scope)
                    answer = view(request, visit, *args, **kwargs)
                except ProductError as error:
                    answer = refusal(request, error, data=data)
            add_never_cache_headers(answer)  # tenant data stays out of every cache
            return answer

        return cast("Wrapped[P]", wrapped)

    return decorate


def draws(view: Wrapped[P]) -> Wrapped[P]:
    """For a page with Plotly figures: Plotly writes one style sheet of its own."""
    relaxed: Any = csp_update({"style-src": [SELF, UNSAFE_INLINE]})
    return cast("Wrapped[P]", relaxed(view))


def visit_of(request: HttpRequest, zone: Zone) -> Visit:
    """The visit behind an authenticated request. Raises Forbidden without any team."""
    visit = Visit(_caller(request), clock.now(), zone, get_language() or settings.LANGUAGE_CODE)
    request.visit = visit  # type: ignore[attr-defined]  # the frame's template tag reads it
    return visit


def teams_of(request: HttpRequest) -> list[Team]:
    """Every team the person may look at, by name."""
    if not request.user.is_authenticated:
        return []
    rows = Membership.objects.select_related("team").filter(user=request.user)
    return [row.team for row in rows.order_by("team__slug")]


def safe_next(request: HttpRequest) -> str:
    """Where the form said to return to, when that is a page of ours; else the overview."""
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return wanted if ours else "/"


def _caller(request: HttpRequest) -> Caller:
    """For the chosen team; for the first one when that membership has ended meanwhile."""
    chosen = request.session.get(TEAM_KEY)
    if chosen:
        try:
            return caller_of_user(request.user, team=str(chosen))
        except Forbidden:
            del request.session[TEAM_KEY]
    return caller_of_user(request.user)


def _login(request: HttpRequest, *, data: bool) -> HttpResponseBase:
    if data:
        return JsonResponse({"code": "auth.missing"}, status=401)
    return redirect_to_login(request.get_full_path())


def refusal(request: HttpRequest, error: ProductError, *, data: bool) -> HttpResponse:
    """The refusal as JSON, or as a page that says what to do next."""
    request_id = str(structlog.contextvars.get_contextvars().get("request_id", ""))
    about: dict[str, Any] = {
        "code": error.code,
        "title": refusal_title(error.status, error.title),
        "detail": refusal_text(error.code, error.detail),
        "request_id": request_id,
    }
    if data:
        return JsonResponse(about, status=error.status)
    return render(request, "dashboard/error.html", about, status=error.status)
