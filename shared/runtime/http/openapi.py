"""Completes the OpenAPI document with what is true of every operation: its access, and the problems that it may answer."""

from typing import Any, Final

from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute

from shared.runtime.auth.access import AccessDecision, access_of, dependencies_of
from shared.runtime.errors import Forbidden, ServiceError, TooManyRequests, Unauthenticated, Unavailable
from shared.runtime.http.errors import BadRequest, InternalError, RequestTooLarge
from shared.runtime.http.problems import MEDIA_TYPE, PROBLEM_SCHEMA, answers_of, example, problem_content, problems
from shared.runtime.http.validation import InvalidRequest

Document = dict[str, Any]

_ALWAYS: Final = (InternalError, Unavailable, TooManyRequests)
_WITH_TOKEN: Final = (Unauthenticated, Forbidden)
_WITH_BODY: Final = (BadRequest, RequestTooLarge)
_COMMON: Final = (*_ALWAYS, *_WITH_TOKEN, *_WITH_BODY, InvalidRequest)

_REQUIRED_HEADERS: Final = frozenset({"idempotency-key", "if-match"})
_NOT_MODIFIED: Final = {"description": "It is still the version that If-None-Match names, or `*` was asked for."}


def operation_id(route: APIRoute) -> str:
    """`alerts_list`: the first tag and the function's name."""
    return f"{str(route.tags[0]).replace('-', '_')}_{route.name}" if route.tags else route.name


def complete(document: Document, routes: list[BaseRoute]) -> None:
    """Add to `document`, in place, what FastAPI cannot know."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for ours_instead in ("HTTPValidationError", "ValidationError"):
        schemas.pop(ours_instead, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    components["responses"] = {error.__name__: _response(error) for error in _COMMON}
    for context in iter_route_contexts(routes):
        for method in getattr(context, "methods", None) or ():
            operation = document["paths"].get(context.path_format, {}).get(method.lower())
            if operation is not None:
                if method == "GET" and _takes_header(operation, "if-none-match"):
                    operation["responses"].setdefault("304", dict(_NOT_MODIFIED))
                own = [error for call in dependencies_of(context) for error in answers_of(call)]
                _complete_operation(operation, access_of(context), own)


def _complete_operation(operation: Document, access: AccessDecision | None, own: list[type[ServiceError]]) -> None:
    responses = operation["responses"]
    validates = _is_default_validation_error(responses.get("422"))
    if validates:
        del responses["422"]
    for error in own:
        responses.setdefault(str(error.status), problems(error)[error.status])
    _name_required_headers(operation)
    expected: list[type[ServiceError]] = [*own, *_ALWAYS]
    if access is not None and access.public_reason is None:
        operation["security"] = [{"bearer": list(access.scopes)}]
        expected += _WITH_TOKEN
    if "requestBody" in operation:
        expected += _WITH_BODY
    if validates or "parameters" in operation or "requestBody" in operation:
        expected.append(InvalidRequest)
    for error in expected:
        _add(responses, error)


def _takes_header(operation: Document, name: str) -> bool:
    return any(one["in"] == "header" and one["name"].lower() == name for one in operation.get("parameters", ()))


def _name_required_headers(operation: Document) -> None:
    """Headers whose absence has an error of its own are optional to FastAPI, and required all the same."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "header" and parameter["name"].lower() in _REQUIRED_HEADERS:
            parameter["required"] = True
            kinds = parameter["schema"].pop("anyOf", [])
            parameter["schema"].update(next((kind for kind in kinds if kind["type"] != "null"), {}))


def _is_default_validation_error(response: Document | None) -> bool:
    schema = (response or {}).get("content", {}).get("application/json", {}).get("schema", {})
    return bool(schema.get("$ref", "").endswith("/HTTPValidationError"))


def _add(responses: Document, error: type[ServiceError]) -> None:
    documented = responses.setdefault(str(error.status), {"$ref": f"#/components/responses/{error.__name__}"})
    examples = documented.get("content", {}).get(MEDIA_TYPE, {}).get("examples")
    if examples is not None:
        # The endpoint documents a case of its own under the same status.
        examples[error.code] = example(error)


def _response(error: type[ServiceError]) -> Document:
    content = problem_content()
    content["examples"][error.code] = example(error)
    return {"description": error.title, "content": {MEDIA_TYPE: content}}
