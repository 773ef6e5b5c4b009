"""A page's request → what the frame around every page shows."""

from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

from controlplane.common.errors import ProductError
from controlplane.dashboard.selectors import frame as rows
from controlplane.dashboard.templatetags.units import offset
from controlplane.dashboard.visit import THEME_COOKIE, THEMES, Visit, teams_of, visit_of
from controlplane.dashboard.wording import word
from controlplane.dashboard.zones import CHOICES, zone_of

register = template.Library()


@register.simple_tag(takes_context=True)
def frame(context: dict[str, Any]) -> dict[str, Any]:
    """Theme and language for everybody; team, rail and banners for who is logged in."""
    request: HttpRequest | None = context.get("request")
    if request is None:
        return {"theme": "system", "member": False}
    theme = request.COOKIES.get(THEME_COOKIE, "system")
    found: dict[str, Any] = {
        "theme": theme if theme in THEMES else "system",
        "themes": THEMES,
        "language": get_language() or settings.LANGUAGE_CODE,
        "languages": settings.LANGUAGES,
        "member": False,
        **_here(request),
    }
    visit = _visit(request)
    if visit is None:
        return found
    local = timezone.localtime(visit.now, visit.zone.info)
    return found | {
        "member": True,
        "visit": visit,
        "zones": CHOICES,
        "offset": offset(local),
        "teams": teams_of(request),
        "role_word": word("role", visit.role),
        **rows.frame_of(visit.team, now=visit.now),
    }


def _here(request: HttpRequest) -> dict[str, str]:
    """Which page this is, for the rail."""
    match = request.resolver_match
    if match is None:
        return {"here": "", "here_workload": ""}
    return {"here": match.url_name or "", "here_workload": str(match.kwargs.get("name", ""))}


def _visit(request: HttpRequest) -> Visit | None:
    """The visit of a page of ours, or one made for a page of the API that a person reads."""
    found = getattr(request, "visit", None)
    if isinstance(found, Visit):
        return found
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    try:
        return visit_of(request, zone_of(request.COOKIES, default=settings.TIME_ZONE))
    except ProductError:
        return None
