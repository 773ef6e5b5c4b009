"""What people do to workloads and to the team: a form → one service → back to the page."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from controlplane.accounts.roles import Scope
from controlplane.common.errors import InvalidInput, ProductError
from controlplane.common.pulse import announce
from controlplane.dashboard.visit import Visit, for_people, safe_next
from controlplane.dashboard.wording import refusal, word
from controlplane.decisions.services import evaluate_now
from controlplane.demo.services import surge
from controlplane.workloads import services
from controlplane.workloads.models import Workload
from controlplane.workloads.selectors import workload as find

MODES = ("off", "recommend", "auto")
MINUTES = (15, 60, 240, 1440, 10080)
Act = Callable[[HttpRequest, Visit, Workload], str]


def _action(scope: Scope) -> Callable[[Act], Any]:
    """A POST that does `act` to a workload of the team and says what it did on its page."""

    def decorate(act: Act) -> Any:
        @require_POST
        @for_people(scope=scope)
        def view(request: HttpRequest, visit: Visit, name: str) -> HttpResponse:
            row = find(visit.team.pk, name)
            try:
                messages.success(request, act(request, visit, row))
            except ProductError as error:
                messages.error(request, refusal(error.code, error.detail))
            announce("workload", team=visit.team.pk, ref=row.name)
            return redirect("workload", name=row.name)

        return view

    return decorate


@_action(Scope.SCALE)
def evaluate(_request: HttpRequest, visit: Visit, row: Workload) -> str:
    """Decide now."""
    decision = evaluate_now(row, now=visit.now)
    if decision is None:
        return _("There was nothing to decide: the mode is off, or no fresh size is known.")
    if decision.held:
        return _("Looked again: %(n)d replicas are right.") % {"n": decision.desired}
    return _("Looked again: %(n)d replicas are wanted.") % {"n": decision.desired}


@_action(Scope.SCALE)
def override(request: HttpRequest, visit: Visit, row: Workload) -> str:
    """Pin a size, or freeze the present one."""
    size, lasting = _size(request), _lasting(request)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        raise InvalidInput("override.reason", "Write why, for the audit log.")
    services.place_override(
        row, size=size, lasting=lasting, actor=visit.caller.actor, now=visit.now, reason=reason
    )
    if size is None:
        return _("The size is frozen.")
    return _("Pinned to %(n)d replicas.") % {"n": size}


@_action(Scope.SCALE)
def lift(_request: HttpRequest, visit: Visit, row: Workload) -> str:
    """End every pin and freeze."""
    lifted = services.lift_overrides(row, now=visit.now)
    return _("The override is lifted.") if lifted else _("There was no override to lift.")


@_action(Scope.SCALE)
def pause(_request: HttpRequest, visit: Visit, row: Workload) -> str:
    services.set_paused(row, paused=True, actor=visit.caller.actor, now=visit.now)
    return _("Paused: its size stays as it is until somebody resumes.")


@_action(Scope.SCALE)
def resume(_request: HttpRequest, visit: Visit, row: Workload) -> str:
    services.set_paused(row, paused=False, actor=visit.caller.actor, now=visit.now)
    return _("Resumed.")


@_action(Scope.SCALE)
def demo_surge(_request: HttpRequest, visit: Visit, row: Workload) -> str:
    """Three times the demand for five minutes; refused for a real workload."""
    surge(row, actor=visit.caller.actor, now=visit.now)
    return _("Demand is three times as high for the next five minutes. Watch what happens.")


@_action(Scope.ADMIN)
def mode(request: HttpRequest, visit: Visit, row: Workload) -> str:
    """How far decisions go by themselves."""
    wanted = request.POST.get("mode", "")
    if wanted not in MODES:
        raise InvalidInput("mode.unknown", f"Choose one of {', '.join(MODES)}.")
    services.set_mode(row, wanted, actor=visit.caller.actor, now=visit.now)
    return _("The mode is now: %(mode)s.") % {"mode": word("mode", wanted)}


def _size(request: HttpRequest) -> int | None:
    text = request.POST.get("size", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 6:
        raise InvalidInput("override.form", "Write a whole number of replicas, or leave it empty.")
    return int(text)


def _lasting(request: HttpRequest) -> timedelta:
    text = request.POST.get("lasting", "")
    if text not in {str(minutes) for minutes in MINUTES}:
        raise InvalidInput("override.expiry", "Choose one of the durations offered.")
    return timedelta(minutes=int(text))


@require_POST
@for_people(scope=Scope.SCALE)
def pause_all(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The team's kill switch, on."""
    return _pause_all(request, visit, paused=True)


@require_POST
@for_people(scope=Scope.SCALE)
def resume_all(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The team's kill switch, off."""
    return _pause_all(request, visit, paused=False)


def _pause_all(request: HttpRequest, visit: Visit, *, paused: bool) -> HttpResponse:
    services.set_team_paused(visit.team, paused=paused, actor=visit.caller.actor, now=visit.now)
    announce("overview", team=visit.team.pk, ref="pause")
    if not paused:
        messages.success(request, _("Scaling goes on from the next decision."))
    return redirect(safe_next(request))
