"""Who may call the trips service's endpoints, and whose rows they see. Endpoints take one of these aliases."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials

from services.trips import live_deps, position_deps
from services.trips.live.tickets import Follower
from services.trips.positions.point_models import Reporter
from shared.runtime.auth.access import authenticate, bearer, require
from shared.runtime.auth.principal import Principal
from shared.runtime.auth.tenancy import optional_organization, required_organization
from shared.runtime.errors import Forbidden, Unauthenticated
from shared.runtime.http.runtime import runtime_of

_READ, _WRITE, _ADMIN = require("trips:read"), require("trips:write"), require("trips:admin")

TripsRead = Annotated[Principal, Security(_READ)]
TripsWrite = Annotated[Principal, Security(_WRITE)]
TripsAdmin = Annotated[Principal, Security(_ADMIN)]
ReadableOrganization = Annotated[UUID | None, optional_organization(_READ)]
OneOrganization = Annotated[UUID, required_organization(_READ)]
"""Whose rows are read, where those of several cannot be shown together."""
WritableOrganization = Annotated[UUID, required_organization(_WRITE)]

DEVICE_TOKEN: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "Authorization",
            "in": "header",
            "required": True,
            "schema": {"type": "string"},
            "description": "`Bearer wbd_…`, the token of a device.",
        }
    ]
}
"""What the OpenAPI document says of a request of a device, which is recognised by `reporting_device`."""


async def limit_guesses(request: Request) -> None:
    """Count somebody who is not known by the address. Raises TooManyRequests."""
    address = request.client.host if request.client else "unknown"
    await runtime_of(request).limiter.spend(f"guess:{address}")


def shown_token(request: Request) -> str | None:
    """What a client sends as its bearer token, if anything."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def reporting_device(request: Request) -> Reporter:
    """The device whose token the request shows; for paths that are public otherwise. Raises Unauthenticated."""
    token = shown_token(request)
    reporter = await position_deps.recognition(runtime_of(request)).by_token(token) if token is not None else None
    if reporter is None:
        await limit_guesses(request)
        raise Unauthenticated("send `Authorization: Bearer wbd_…` with the token of a device that has not been revoked")
    return reporter


async def following(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
    ticket: Annotated[str | None, Query(max_length=100, description="A one-time ticket in the place of a token.")] = None,
) -> Follower:
    """Who follows trips, by token or by ticket. Raises Unauthenticated and Forbidden."""
    if ticket is not None:
        known = await live_deps.tickets(runtime_of(request)).redeem(ticket)
        if known is None:
            await limit_guesses(request)
            raise Unauthenticated("the ticket is not known, or was used; ask for another one: POST /v1/live/tickets")
        return known
    principal = await authenticate(request, credentials)
    if not principal.may("trips:read"):
        raise Forbidden("this needs trips:read; ask for a token with it")
    return follower_of(principal)


def follower_of(principal: Principal) -> Follower:
    """A caller who may read trips, as one who follows them."""
    return Follower(principal.id, principal.organization_id, principal.expires_at, principal.shown)


async def ticketed(principal: TripsRead) -> Follower:
    """A caller to whom a ticket is given, which ends when the caller's token does."""
    return follower_of(principal)


Following = Annotated[Follower, Depends(following)]
"""Who follows trips; for paths that are public otherwise."""
Ticketed = Annotated[Follower, Depends(ticketed)]
