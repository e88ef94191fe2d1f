"""Who may operate a service's task system: whoever holds the service's scope and is bound to no tenant."""

from typing import Annotated, Literal

from fastapi import Depends, Query, Request, Security
from fastapi.params import Depends as Dependency

from shared.runtime.auth.access import authenticate, require
from shared.runtime.auth.principal import Principal
from shared.runtime.errors import Forbidden
from shared.runtime.http.runtime import runtime_of

Caller = Annotated[Principal, Depends(authenticate)]
"""Who asks. The router has checked by then that they may."""


async def _bound_to_no_tenant(principal: Caller) -> None:
    # Lanes, schedules and letters belong to all tenants at once, so nobody may look through one tenant's door at them.
    if principal.organization_id is not None:
        raise Forbidden("this shows and changes the work of all organizations; use a token that belongs to none")


def access(service: str, action: Literal["read", "admin"]) -> list[Dependency]:
    """For `dependencies=` of a router."""
    return [Security(require(f"{service}:{action}")), Depends(_bound_to_no_tenant)]


async def _wants_bodies(
    request: Request,
    principal: Caller,
    include: Annotated[
        Literal["body"] | None, Query(description="`body` shows payloads, which may be personal; needs the admin scope.")
    ] = None,
) -> bool:
    scope = f"{runtime_of(request).settings.service}:admin"
    if include is not None and not principal.may(scope):
        raise Forbidden(f"payloads may hold personal data: showing them needs {scope}; ask again without `include`")
    return include is not None


WithBody = Annotated[bool, Depends(_wants_bodies)]
"""Whether the caller asks for payloads, and may."""
