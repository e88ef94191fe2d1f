"""Who may call which route: rules over the routes of an application."""

import inspect
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import BaseRoute

from shared.runtime.auth.access import Openness, Requirement, access_of, authenticate, bearer
from shared.runtime.auth.scopes import SCOPES
from shared.runtime.http.paths import PARAMETER
from shared.runtime.redaction import is_secret_name

READS = {"GET", "HEAD", "OPTIONS"}
ALWAYS = {"/livez", "/readyz", "/metrics", "/version"}
HARMLESS = {"/docs/{name}"}
"""Public paths whose parameter, a file of the documentation, opens nothing."""


def find_undecided_routes(routes: Iterable[BaseRoute]) -> Iterator[str]:
    for route in iter_route_contexts(list(routes)):
        decision, where = access_of(route), _name(route)
        if decision is None:
            yield f"{where} states no access; take an alias from the service's auth.py, or public() and say why"
        elif decision.scopes and not {*decision.scopes} <= SCOPES:
            yield f"{where} asks for {', '.join({*decision.scopes} - SCOPES)}, which nobody can be given"
        elif not decision.scopes and len((decision.public_reason or "").split()) < 3:
            yield f"{where} is public without a reason that a reader could judge"


CONTROL = ("/operations", "/monitoring/tasks/", "/monitoring/dead-letters")


def find_control_without_admin(service: str, routes: Iterable[BaseRoute]) -> Iterator[str]:
    for route in iter_route_contexts(list(routes)):
        decision = access_of(route)
        changes = not {*(route.methods or ())} <= READS
        if (
            any(part in (route.path or "") for part in CONTROL)
            and changes
            and (decision is None or f"{service}:admin" not in decision.scopes)
        ):
            yield f"{_name(route)} changes the task system and does not ask for {service}:admin"


def find_missing_routes(routes: Iterable[BaseRoute]) -> Iterator[str]:
    for path in sorted(ALWAYS - {route.path for route in iter_route_contexts(list(routes))}):
        yield f"{path} is missing; build the app with shared.runtime.http.app.load_app"


def find_repeated_operations(routes: Iterable[BaseRoute]) -> Iterator[str]:
    """Operations that a client made from the OpenAPI document could not tell apart."""
    seen: dict[str, str] = {}
    for route in iter_route_contexts(list(routes)):
        operation = getattr(route, "unique_id", None) if getattr(route, "include_in_schema", False) else None
        if operation is not None and seen.setdefault(operation, _name(route)) != _name(route):
            yield f"{_name(route)} has the operationId {operation} of {seen[operation]}; give its router a tag of its own"


def find_work_before_access(routes: Iterable[BaseRoute]) -> Iterator[str]:
    """Routes on which something is done for whoever asks: a body that is read, a header that is refused.

    FastAPI carries dependencies out in the order of the endpoint's parameters, each after its own.
    """
    for route in iter_route_contexts(list(routes)):
        dependant = getattr(route, "dependant", None)
        first = next((one for one in _carried_out(dependant) if one not in (authenticate, bearer)), None) if dependant else None
        if first is not None and not isinstance(first, Requirement | Openness):
            name = getattr(first, "__name__", repr(first))
            yield f"{_name(route)} runs {name} before it knows who asks; put the principal before it"


def find_secrets_in_logs(routes: Iterable[BaseRoute]) -> Iterator[str]:
    """Public routes whose path could hold what lets somebody in, under a name by which logs do not know it."""
    for route in iter_route_contexts(list(routes)):
        decision, dependant = access_of(route), getattr(route, "dependant", None)
        if decision is None or decision.scopes or route.path in HARMLESS:
            continue
        typed = {name for name, kind in _path_types(dependant) if kind in (UUID, int)} if dependant else set()
        for name in PARAMETER.findall(getattr(route, "path_format", None) or ""):
            if name not in typed and not is_secret_name(name):
                yield f"{_name(route)} is public, and logs show {name}; call it token or secret if it is one, else type it"


def find_threads(routes: Iterable[BaseRoute]) -> Iterator[str]:
    """Dependencies that FastAPI carries out in a thread, because they are not `async`: each costs a request as much as a
    statement, and none of ours waits for anything."""
    for route in iter_route_contexts(list(routes)):
        dependant = getattr(route, "dependant", None)
        for one in dict.fromkeys(_carried_out(dependant) if dependant else ()):
            called = one if inspect.isroutine(one) or inspect.isclass(one) else type(one).__call__
            if not (inspect.iscoroutinefunction(called) or inspect.isasyncgenfunction(called)):
                name = getattr(one, "__name__", repr(one))
                yield f"{_name(route)} makes {name} in a thread; write `async def`, or made() around a class"


def _carried_out(dependant: Dependant) -> Iterator[Any]:
    for inner in dependant.dependencies:
        yield from _carried_out(inner)
        yield inner.call


def _path_types(dependant: Dependant) -> Iterator[tuple[str, Any]]:
    yield from ((field.name, field.field_info.annotation) for field in dependant.path_params)
    for inner in dependant.dependencies:
        yield from _path_types(inner)


def _name(route: RouteContext) -> str:
    return f"{','.join(sorted(route.methods or {'*'}))} {route.path}"


def find_route_problems(service: str, routes: Iterable[BaseRoute]) -> list[str]:
    routes = list(routes)
    return [
        *find_undecided_routes(routes),
        *find_control_without_admin(service, routes),
        *find_missing_routes(routes),
        *find_repeated_operations(routes),
        *find_work_before_access(routes),
        *find_secrets_in_logs(routes),
        *find_threads(routes),
    ]
