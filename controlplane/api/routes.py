"""Ninja's routes → the same routes with strict queries, HEAD, OPTIONS and our own 404 and 405."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver
from ninja.params.models import QueryModel

from controlplane.api.body import refuse_nul
from controlplane.api.errors import no_route, refused, suggestion, wrong_method
from controlplane.common.errors import Fault, InvalidInput, ProductError

View = Callable[..., HttpResponse]


def strict_query(view: View) -> View:
    """Refuse query parameters that the view does not know; a typo must not mean "everything"."""
    models = view._ninja_operation.models  # type: ignore[attr-defined]  # set by ninja
    known = {
        name
        for model in models
        if issubclass(model, QueryModel)
        for name in model.__ninja_flatten_map__
    }

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        for name in request.GET:
            if name not in known:
                message = f"unknown parameter {name[:60]!r}{suggestion(name, known)}"
                fault = Fault("query.unknown", message, f"/query/{name[:60]}")
                raise InvalidInput("query.unknown", message, faults=(fault,), status=422)
        return view(request, *args, **kwargs)

    return checked


def polite(patterns: Iterable[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """The patterns, each with a view that answers every method and every text."""
    found = list(patterns)
    for pattern in found:
        if isinstance(pattern, URLPattern):
            pattern.callback = _polite(pattern.callback)
    return found


def _polite(view: View) -> View:
    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            for text in (*kwargs.values(), *request.GET, *_values(request)):
                refuse_nul(str(text))
        except ProductError as error:
            return refused(error)
        answer = _asked(view, request, *args, **kwargs)
        answer.headers.setdefault("Cache-Control", "no-store")  # a team's own data
        return answer

    return answered


def _asked(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    method = request.method
    if method == "HEAD":
        request.method = "GET"
    try:
        answer = view(request, *args, **kwargs)
    except Http404:
        return no_route(request)
    finally:
        request.method = method  # by which the server knows to leave the body out
    return _allowed(request, answer) if answer.status_code == 405 else answer


def _values(request: HttpRequest) -> Iterable[str]:
    return (value for _name, values in request.GET.lists() for value in values)


def _allowed(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    methods = {word.strip() for word in answer["Allow"].split(",")} | {"OPTIONS"}
    if "GET" in methods:
        methods.add("HEAD")
    allowed = ", ".join(sorted(methods))
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={"Allow": allowed})
    return wrong_method(allowed)
