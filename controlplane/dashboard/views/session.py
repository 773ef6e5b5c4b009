"""Log in by name or by one-time link, log out, choose a team and how to read."""

from datetime import timedelta
from math import ceil
from typing import Any

from django.conf import settings
from django.contrib.auth import login, views
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from controlplane.accounts.selectors import caller_of_user
from controlplane.accounts.services import redeem_login_link
from controlplane.common import clock
from controlplane.dashboard.attempts import Attempts, Key
from controlplane.dashboard.visit import (
    TEAM_KEY,
    THEME_COOKIE,
    THEMES,
    Visit,
    for_people,
    safe_next,
)
from controlplane.dashboard.zones import CHOICE_COOKIE, CHOICES

BACKEND = "django.contrib.auth.backends.ModelBackend"
REMEMBERED = timedelta(days=365)


_attempts = Attempts()


class LoginPage(views.LoginView):
    """`/login`: a name and a password, slowed down for accounts and addresses that keep failing."""

    template_name = "dashboard/login.html"
    redirect_authenticated_user = True
    authentication_form = AuthenticationForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        wait = _attempts.wait(self._keys(), now=clock.now())
        if wait:
            form = AuthenticationForm(request)
            minutes = ceil(wait / timedelta(minutes=1))
            context = self.get_context_data(form=form, waits=minutes)
            answer = self.render_to_response(context, status=429)
            answer["Retry-After"] = str(ceil(wait.total_seconds()))
            return answer
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        _attempts.succeeded(self._keys()[0])
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        _attempts.failed(self._keys(), now=clock.now())
        return super().form_invalid(form)

    def _keys(self) -> tuple[Key, ...]:
        account = self.request.POST.get("username", "")[:150].casefold()
        return (("account", account), ("address", self.request.META.get("REMOTE_ADDR", "")))


@never_cache
@require_GET
def login_by_link(request: HttpRequest, secret: str) -> HttpResponse:
    """`/login/<secret>`: logs in once. Only GET uses the link up; a HEAD of a preview does not."""
    user = redeem_login_link(secret, now=clock.now())
    if user is None or not user.is_active:
        if request.user.is_authenticated:
            return redirect(settings.LOGIN_REDIRECT_URL)  # a second click on the same link
        return render(request, "dashboard/link_spent.html", status=410)
    login(request, user, backend=BACKEND)
    return redirect(settings.LOGIN_REDIRECT_URL)


@require_POST
def choose(request: HttpRequest) -> HttpResponseRedirect:
    """Theme and time zone → cookies, then back to the page. Unknown words change nothing."""
    answer = HttpResponseRedirect(safe_next(request))
    for cookie, words in ((THEME_COOKIE, THEMES), (CHOICE_COOKIE, CHOICES)):
        word = request.POST.get(cookie.removeprefix("tidewise_"), "")
        if word in words:
            answer.set_cookie(
                cookie, word, max_age=REMEMBERED, samesite="Lax", secure=request.is_secure()
            )
    return answer


@require_POST
@for_people()
def choose_team(request: HttpRequest, _visit: Visit) -> HttpResponse:
    """Look at another of one's teams. Raises Forbidden for a team that is not one's own."""
    slug = request.POST.get("team", "")
    caller = caller_of_user(request.user, team=slug)
    request.session[TEAM_KEY] = caller.team.slug
    return redirect(settings.LOGIN_REDIRECT_URL)
