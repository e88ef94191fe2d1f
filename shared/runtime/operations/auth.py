"""Who may operate a service's task system: whoever holds the service's scope and is bound to no tenant."""

from typing import Annotated, Final, Literal

from fastapi import Depends, Header, Query, Request, Security
from fastapi.params import Depends as Dependency

from shared.runtime.auth.access import authenticate, require
from shared.runtime.auth.principal import Principal
from shared.runtime.errors import Forbidden
from shared.runtime.http.runtime import runtime_of

Caller = Annotated[Principal, Depends(authenticate)]
"""Who asks. The router has checked by then that they may."""

ON_BEHALF_OF: Final = "Waybill-On-Behalf-Of"


async def _actor(
    principal: Caller,
    behind: Annotated[
        str | None,
        Header(
            alias=ON_BEHALF_OF,
            max_length=200,
            pattern=r"^[\x21-\x7e]+$",
            description="For whom a service asks, for the audit. Of other callers it is passed over: they are who they are.",
        ),
    ] = None,
) -> str:
    return f"{behind} by {principal.id}" if behind is not None and principal.kind == "service" else principal.id


Actor = Annotated[str, Depends(_actor)]
"""Who does it, as the audit records it."""


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
