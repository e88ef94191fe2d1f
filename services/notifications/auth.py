"""Who may call the notifications service's endpoints, and whose rows they see. Endpoints take one of these aliases.

What belongs to no organization is written by callers who are bound to none and name none.
"""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Security

from shared.runtime.auth.access import Requirement, authenticate, require
from shared.runtime.auth.principal import Principal
from shared.runtime.auth.tenancy import optional_organization, required_organization
from shared.runtime.http.rate_limits import Limit

_READ, _WRITE = require("notifications:read"), require("notifications:write")

NotificationsRead = Annotated[Principal, Security(_READ)]
NotificationsWrite = Annotated[Principal, Security(_WRITE)]
NotificationsAdmin = Annotated[Principal, Security(require("notifications:admin"))]
ReadableOrganization = Annotated[UUID | None, optional_organization(_READ)]
WritableScope = Annotated[UUID | None, optional_organization(_WRITE)]
"""Whose rows the request writes; None for those that belong to no organization, which a bound caller never gets."""
OwnOrganization = Annotated[UUID, required_organization(_READ)]
WritableOrganization = Annotated[UUID, required_organization(_WRITE)]
"""One organization, which a caller who is bound to none must name; for what each organization has of its own."""
AdministeredOrganization = Annotated[UUID, required_organization(require("notifications:admin"))]
OverseenOrganization = Annotated[UUID | None, optional_organization(require("notifications:admin"))]
"""One organization, or all for a caller who is bound to none and names none."""
TrialScope = Annotated[
    UUID | None, optional_organization(require("notifications:write", limit=Limit("template_tests", "30/minute")))
]
"""As WritableScope, for sending tests of templates, which have a limit of their own."""


class OneselfOr(Requirement):
    """Whoever holds the scopes, and without them the person whom the path names: a token whose subject is `reference`."""

    async def __call__(self, request: Request, principal: Annotated[Principal, Depends(authenticate)]) -> Principal:
        oneself = principal.kind == "user" and principal.id == request.path_params.get("reference")
        scopes = principal.scopes.union(self.decision.scopes) if oneself else principal.scopes
        await super().__call__(request, replace(principal, scopes=scopes))
        return principal


InboxRead = Annotated[Principal, Security(OneselfOr(("notifications:read",), None))]
InboxWrite = Annotated[Principal, Security(OneselfOr(("notifications:write",), None))]
