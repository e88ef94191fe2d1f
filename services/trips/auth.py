"""Who may call the trips service's endpoints, and whose rows they see. Endpoints take one of these aliases."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.trips import position_deps
from services.trips.positions.point_models import Reporter
from shared.runtime.auth.access import require
from shared.runtime.auth.principal import Principal
from shared.runtime.auth.tenancy import optional_organization, required_organization
from shared.runtime.errors import Unauthenticated
from shared.runtime.http.runtime import runtime_of

_READ, _WRITE, _ADMIN = require("trips:read"), require("trips:write"), require("trips:admin")

TripsRead = Annotated[Principal, Security(_READ)]
TripsWrite = Annotated[Principal, Security(_WRITE)]
TripsAdmin = Annotated[Principal, Security(_ADMIN)]
ReadableOrganization = Annotated[UUID | None, optional_organization(_READ)]
OneOrganization = Annotated[UUID, required_organization(_READ)]
"""Whose rows are read, where those of several cannot be shown together."""
WritableOrganization = Annotated[UUID, required_organization(_WRITE)]

_REPORTING = HTTPBearer(
    auto_error=False, scheme_name="device", description="The token of a device, `wbd_…`.", bearerFormat="device token"
)


async def limit_guesses(request: Request) -> None:
    """Count somebody who is not known by the address. Raises TooManyRequests."""
    address = request.client.host if request.client else "unknown"
    await runtime_of(request).limiter.spend(f"guess:{address}")


def shown_token(request: Request) -> str | None:
    """What a client sends as its bearer token, if anything."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def reporting_device(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_REPORTING)]
) -> Reporter:
    """The device that reports, by its token. Raises Unauthenticated."""
    known = position_deps.recognition(runtime_of(request))
    reporter = await known.by_token(credentials.credentials) if credentials is not None else None
    if reporter is None:
        await limit_guesses(request)
        raise Unauthenticated("send `Authorization: Bearer wbd_…` with the token of a device that has not been revoked")
    return reporter


ReportingDevice = Annotated[Reporter, Depends(reporting_device)]
"""The device whose token the request shows; for paths that are public otherwise."""
