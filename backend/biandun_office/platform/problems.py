"""Problems over HTTP (RFC 9457), and their description in the OpenAPI document.

``title`` is the message in Chinese, ``detail`` in English, ``next`` and ``next_en`` say what to do,
``code`` is stable.
"""

import json
from collections.abc import Callable, Iterable
from http.client import responses
from typing import Any, cast

from django.http import HttpRequest, HttpResponse

from biandun_office.platform.errors import OfficeProblem, Refused, TooManyFailures, http_status
from biandun_protocol.errors import Problem

MEDIA_TYPE = "application/problem+json"
SCHEMA_NAME = "Problem"

PROBLEM_SCHEMA: dict[str, object] = {
    "title": SCHEMA_NAME,
    "type": "object",
    "description": "RFC 9457. The same code always means the same thing.",
    "required": ["title", "detail", "status", "code", "next", "next_en", "retriable"],
    "properties": {
        "title": {"type": "string", "description": "What happened, in Chinese"},
        "detail": {"type": "string", "description": "What happened, in English"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "next": {"type": "string", "description": "What to do, in Chinese"},
        "next_en": {"type": "string", "description": "What to do, in English"},
        "retriable": {
            "type": "boolean",
            "description": "May the same request succeed later without any change?",
        },
        "missing": {
            "type": "array",
            "items": {"type": "string"},
            "description": "blob-missing: SHA-256 of each missing file",
        },
        "field": {"type": "string", "description": "The place that breaks the rule"},
    },
}
# values that a client may act on; the others are only part of the message
_EXTRAS = ("missing", "field", "seq", "name", "expected", "seconds")


def as_document(problem: Problem) -> dict[str, object]:
    """The members of the problem document for ``problem``."""
    extras = {
        name: problem.values[name] for name in _EXTRAS if problem.values.get(name) is not None
    }
    if "field" in extras:
        extras["field"] = str(extras["field"])
    return {
        "title": problem.message("zh"),
        "detail": problem.message("en"),
        "status": http_status(problem.code),
        "code": problem.code,
        "next": problem.next_step("zh"),
        "next_en": problem.next_step("en"),
        "retriable": problem.retriable,
        **extras,
    }


def respond(problem: Problem) -> HttpResponse:
    """The HTTP response to a request that failed with ``problem``."""
    document = as_document(problem)
    content = json.dumps(document, ensure_ascii=False)
    response = HttpResponse(content, status=http_status(problem.code), content_type=MEDIA_TYPE)
    response.problem = problem.code  # type: ignore[attr-defined] - for middleware
    if isinstance(problem, TooManyFailures):
        response["Retry-After"] = str(problem.values["seconds"])
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Django's handler for a path without a view."""
    return respond(OfficeProblem("route-not-found"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Django's handler for a request that it considers suspicious."""
    return respond(Refused("request-invalid", field="query"))


def server_error(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Django's handler for an internal error."""
    return respond(OfficeProblem("internal"))


def finish(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: answer 405 as a problem, HEAD like GET, and set Content-Length.

    Whatever answers GET answers HEAD (RFC 9110 section 9.3.2); the server drops the body
    (``httpd.channel.Task``).
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 405 and request.method == "HEAD" and "GET" in _methods(response):
            request.method = "GET"  # so that the view for GET answers
            response = get_response(request)
            request.method = "HEAD"
        if response.status_code == 405:
            allowed = _methods(response)
            response = respond(OfficeProblem("method-not-allowed"))
            response["Allow"] = ", ".join(
                sorted({*allowed, "HEAD"} if "GET" in allowed else allowed)
            )
        if not response.has_header("Content-Length"):
            response["Content-Length"] = str(len(response.content))
        return response

    return middleware


def _methods(response: HttpResponse) -> set[str]:
    return {method.strip() for method in response["Allow"].split(",")}


def problems(*codes: str) -> dict[str, object]:
    """OpenAPI responses for these codes and for internal errors, to be merged into an operation."""
    return {
        "responses": {
            status: _response(status, names)
            for status, names in _by_status((*codes, "internal")).items()
        }
    }


def described(operation: dict[str, Any], *codes: str) -> dict[str, object]:
    """``operation`` in OpenAPI with the problems of these codes added to its responses."""
    return {
        **operation,
        "responses": {
            **operation.get("responses", {}),
            **cast("dict[int, object]", problems(*codes)["responses"]),
        },
    }


def binary(media_type: str, description: str, limit: int | None = None) -> dict[str, object]:
    """OpenAPI description of a body of bytes."""
    schema: dict[str, object] = {"type": "string", "format": "binary"}
    if limit is not None:
        schema["maxLength"] = limit
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _by_status(codes: Iterable[str]) -> dict[int, list[str]]:
    groups: dict[int, list[str]] = {}
    for code in codes:
        groups.setdefault(http_status(code), []).append(code)
    return dict(sorted(groups.items()))


def _response(status: int, codes: list[str]) -> dict[str, object]:
    schema = {"$ref": f"#/components/schemas/{SCHEMA_NAME}"}
    return {
        "description": f"{responses[status]}: {', '.join(codes)}",
        "content": {MEDIA_TYPE: {"schema": schema}},
    }
