"""Who may call which route: rules over the routes of an application."""

from collections.abc import Iterable, Iterator

from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import BaseRoute

from shared.runtime.auth.access import access_of
from shared.runtime.auth.scopes import SCOPES

READS = {"GET", "HEAD", "OPTIONS"}
ALWAYS = {"/livez", "/readyz", "/metrics", "/version"}


def find_undecided_routes(routes: Iterable[BaseRoute]) -> Iterator[str]:
    for route in iter_route_contexts(list(routes)):
        decision, where = access_of(route), _name(route)
        if decision is None:
            yield f"{where} states no access; take an alias from the service's auth.py, or public() and say why"
        elif decision.scopes and not {*decision.scopes} <= SCOPES:
            yield f"{where} asks for {', '.join({*decision.scopes} - SCOPES)}, which nobody can be given"
        elif not decision.scopes and len((decision.public_reason or "").split()) < 3:
            yield f"{where} is public without a reason that a reader could judge"


def find_control_without_admin(service: str, routes: Iterable[BaseRoute]) -> Iterator[str]:
    for route in iter_route_contexts(list(routes)):
        decision = access_of(route)
        changes = not {*(route.methods or ())} <= READS
        if "/operations" in (route.path or "") and changes and (decision is None or f"{service}:admin" not in decision.scopes):
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


def _name(route: RouteContext) -> str:
    return f"{','.join(sorted(route.methods or {'*'}))} {route.path}"


def find_route_problems(service: str, routes: Iterable[BaseRoute]) -> list[str]:
    routes = list(routes)
    return [
        *find_undecided_routes(routes),
        *find_control_without_admin(service, routes),
        *find_missing_routes(routes),
        *find_repeated_operations(routes),
    ]
