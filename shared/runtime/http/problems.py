"""Errors as `application/problem+json` (RFC 9457).

Members: type (`urn:waybill:problem:<code>`), title, status, detail, instance (the path without its secrets), code,
correlation_id, and what the error adds. A response never quotes what the client sent, names nothing of the inside, and says
how to mend the error.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import quote

from fastapi import Response
from starlette.types import Scope

from shared.runtime.context import current_trace
from shared.runtime.errors import ServiceError, Transient
from shared.runtime.http.paths import is_matched, shown_path

MEDIA_TYPE: Final = "application/problem+json"


def problem_response(scope: Scope, error: ServiceError) -> Response:
    """The response that says `error`."""
    document = {
        "type": f"urn:waybill:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        # Whoever gets an answer may log it. What no route has taken goes back as it came, and to nobody but its sender.
        "instance": quote(shown_path(scope) if is_matched(scope) else scope.get("path", "")),
        "code": error.code,
        "correlation_id": current_trace().correlation_id,
        **error.extra,
    }
    # json, not orjson: a member may name a field that the client called by a lone surrogate, which only escapes can hold.
    content = json.dumps(document, default=str).encode()
    return Response(content, error.status, headers=dict(headers_of(error)), media_type=MEDIA_TYPE)


def headers_of(error: ServiceError) -> Mapping[str, str]:
    """What goes with `error`, in whatever words it is said."""
    headers = {"Cache-Control": "no-store", **error.headers}
    if isinstance(error, Transient) and error.retry_after_s > 0:
        headers.setdefault("Retry-After", str(int(error.retry_after_s) + 1))
    elif error.status == 503:
        headers.setdefault("Retry-After", "5")
    if error.status == 401:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="waybill"')
    return headers


PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Problem",
    "description": "An error, as RFC 9457 describes it.",
    "required": ["type", "title", "status", "detail", "instance", "code", "correlation_id"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "`urn:waybill:problem:` and the code."},
        "title": {"type": "string", "description": "What kind of error this is; the same for every occurrence."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What was wrong this time and how to mend it."},
        "instance": {"type": "string", "description": "The path of the request; a secret in it is shown by its name."},
        "code": {"type": "string", "description": "Stable; programs decide by it."},
        "correlation_id": {
            "type": "string",
            "description": "Quote it when you ask for help; it is in every log line of the request.",
        },
        "errors": {
            "type": "array",
            "description": "For a request that did not validate: each place that is wrong.",
            "items": {
                "type": "object",
                "required": ["in", "pointer", "detail"],
                "properties": {
                    "in": {"type": "string", "enum": ["body", "query", "path", "header", "cookie"]},
                    "pointer": {"type": "string", "description": "A JSON Pointer (RFC 6901) as a URI fragment."},
                    "detail": {"type": "string"},
                },
            },
        },
    },
    "additionalProperties": True,
}


def problems(*errors: type[ServiceError]) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of an endpoint: what it says no with, beyond what every endpoint may say."""
    documented: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        entry = documented.setdefault(error.status, {"description": error.title, "content": {MEDIA_TYPE: problem_content()}})
        entry["content"][MEDIA_TYPE]["examples"][error.code] = example(error)
    return documented


Call = TypeVar("Call", bound=Callable[..., Any])
_OF_DEPENDENCY: Final[dict[Any, tuple[type[ServiceError], ...]]] = {}


def may_answer(*errors: type[ServiceError]) -> Callable[[Call], Call]:
    """Marks a dependency with what it says no with; every endpoint that takes it documents that."""

    def mark(dependency: Call) -> Call:
        _OF_DEPENDENCY[dependency] = errors
        return dependency

    return mark


def answers_of(dependency: Any) -> tuple[type[ServiceError], ...]:
    """What `may_answer` said of a dependency."""
    return _OF_DEPENDENCY.get(dependency, ())


def problem_content() -> dict[str, Any]:
    """The media type object of a problem, with no examples yet."""
    return {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}


def example(error: type[ServiceError]) -> dict[str, Any]:
    """An OpenAPI example object of an error."""
    value = {
        "type": f"urn:waybill:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": "What was wrong and how to mend it.",
        "instance": "/v1/…",
        "code": error.code,
        "correlation_id": "0194f6a2c0de7b1e9d3a5c7e8f901234",
    }
    return {"summary": error.title, "value": value}
