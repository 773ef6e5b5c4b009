"""The OpenAPI document → a page that a person can read, without a script from elsewhere."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

METHODS = ("get", "post", "put", "delete")


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Every operation of an OpenAPI document in path order, ready for the template."""
    return [
        {
            "method": method.upper(),
            "path": path,
            "summary": item[method].get("summary", ""),
            "text": item[method].get("description", ""),
            "parameters": item[method].get("parameters", []),
            "body": "requestBody" in item[method],
            "answers": sorted(str(code) for code in item[method].get("responses", {})),
        }
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def docs_page(document: dict[str, Any], request: HttpRequest) -> HttpResponse:
    """`/api/v1/docs`."""
    return render(
        request, "api/docs.html", {"operations": operations(document), "info": document["info"]}
    )
