"""What an endpoint declares about who may call it. Every route does, or the application does not start.

    AlertsRead = Annotated[Principal, Security(require("alerts:read"))]     # services/alerts/auth.py

    @router.get("/alerts")
    async def list(principal: AlertsRead) -> ...

    @router.post("/devices/{serial}", dependencies=[public("devices sign their body; verified by ...")])

Both also spend from the caller's rate limit, so that a route with an access decision has a limit as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.routing import BaseRoute

from shared.runtime.auth.principal import Principal
from shared.runtime.errors import Forbidden, Unauthenticated
from shared.runtime.http.rate_limits import Limit
from shared.runtime.http.runtime import runtime_of

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="bearer",
    bearerFormat="JWT or API key",
    description="A JSON Web Token (Ed25519), or an API key `wb_<id>_<secret>`.",
)


@dataclass(frozen=True, slots=True)
class AccessDecision:
    """Who may call a route: whoever holds all of `scopes`, or anybody for the reason in `public_reason`."""

    scopes: tuple[str, ...] = ()
    public_reason: str | None = None


async def authenticate(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]
) -> Principal:
    """The caller of this request, recognised once however many dependencies ask. Raises Unauthenticated (401)."""
    runtime = runtime_of(request)
    try:
        if credentials is None:
            raise Unauthenticated("send `Authorization: Bearer <token>`, with a JSON Web Token or an API key")
        principal = await runtime.authenticator.authenticate(credentials.credentials)
    except Unauthenticated:
        # Guessing is limited by address, because who guesses has no name.
        await _spend(request, f"guess:{_address(request)}", None)
        raise
    request.state.principal = principal
    return principal


class Requirement:
    """The dependency behind `require`."""

    def __init__(self, scopes: tuple[str, ...], limit: Limit | None) -> None:
        self.decision = AccessDecision(scopes=scopes)
        self._limit = limit

    async def __call__(self, request: Request, principal: Annotated[Principal, Depends(authenticate)]) -> Principal:
        await _spend(request, principal.id, self._limit)
        missing = [scope for scope in self.decision.scopes if not principal.may(scope)]
        if missing:
            challenge = f'Bearer realm="waybill", error="insufficient_scope", scope="{" ".join(self.decision.scopes)}"'
            raise Forbidden(
                f"this needs {' and '.join(missing)}; ask for a token with it", headers={"WWW-Authenticate": challenge}
            )
        return principal


class Openness:
    """The dependency behind `public`."""

    def __init__(self, reason: str, limit: Limit | None) -> None:
        self.decision = AccessDecision(public_reason=reason)
        self._limit = limit

    async def __call__(self, request: Request) -> None:
        await _spend(request, f"address:{_address(request)}", self._limit)


def require(*scopes: str, limit: Limit | None = None) -> Requirement:
    """For `Annotated[Principal, Security(require("alerts:read"))]`: the caller must hold all of `scopes`.

    limit: what to spend from in place of the service's default.
    """
    if not scopes:
        raise ValueError("name at least one scope, or use public() and say why")
    return Requirement(scopes, limit)


def public(reason: str, *, limit: Limit | None = None) -> Any:
    """For `dependencies=[...]` of a route that anybody may call. The reason is read by people and by the access test."""
    return Depends(Openness(reason, limit))


def access_of(route: BaseRoute | Any) -> AccessDecision | None:
    """What a route (or a RouteContext) declares; None when it declares nothing."""
    calls = dependencies_of(route)
    required = tuple(scope for call in calls if isinstance(call, Requirement) for scope in call.decision.scopes)
    if required:
        return AccessDecision(scopes=tuple(dict.fromkeys(required)))
    return next((call.decision for call in calls if isinstance(call, Openness)), None)


def undecided_routes(routes: list[BaseRoute]) -> list[str]:
    """`METHOD path` of each route that declares no access; the fitness test demands that there is none."""
    return sorted(
        f"{','.join(sorted(context.methods or {'*'}))} {context.path}"
        for context in iter_route_contexts(routes)
        if access_of(context) is None
    )


def dependencies_of(route: BaseRoute | Any) -> list[Any]:
    """All that FastAPI calls before the route's endpoint, at any depth."""
    dependant: Dependant | None = getattr(route, "dependant", None)
    return list(_calls(dependant)) if dependant is not None else []


def _calls(dependant: Dependant) -> Iterator[Any]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


async def _spend(request: Request, caller: str, limit: Limit | None) -> None:
    request.state.response_headers = await runtime_of(request).limiter.spend(caller, limit)
