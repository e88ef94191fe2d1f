"""Who may call the notifications service's endpoints, and whose rows they see. Endpoints take one of these aliases.

A caller who is bound to an organization reads and writes its rows alone; naming another one is refused. A caller who is
bound to none reads everybody's rows, or those of the organization that `organization_id` names, and writes those of the
organization that it names, or where none is needed those that belong to none.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Security

from shared.runtime.auth.access import require
from shared.runtime.auth.principal import Principal
from shared.runtime.errors import Forbidden, Invalid
from shared.runtime.http.problems import may_answer

NotificationsRead = Annotated[Principal, Security(require("notifications:read"))]
NotificationsWrite = Annotated[Principal, Security(require("notifications:write"))]
NotificationsAdmin = Annotated[Principal, Security(require("notifications:admin"))]

_Named = Annotated[
    UUID | None,
    Query(alias="organization_id", description="Whose rows. A token that is bound to an organization implies its own."),
]


class ForeignOrganization(Forbidden):
    code, title = "foreign_organization", "Another organization's rows"


class OrganizationMissing(Invalid):
    code, title = "organization_missing", "The organization is not named"


def organization_of(principal: Principal, named: UUID | None) -> UUID | None:
    """Whose rows a caller means who has named an organization, or none. Raises ForeignOrganization."""
    bound = principal.organization_id
    if bound is not None and named not in (None, bound):
        raise ForeignOrganization("the token is bound to another organization; leave organization_id out, or use another token")
    return bound or named


@may_answer(ForeignOrganization)
def readable_organization(principal: NotificationsRead, named: _Named = None) -> UUID | None:
    """Whose rows the request may read; None for everybody's."""
    return organization_of(principal, named)


@may_answer(ForeignOrganization, OrganizationMissing)
def writable_organization(principal: NotificationsWrite, named: _Named = None) -> UUID:
    """Whose rows the request writes."""
    organization_id = organization_of(principal, named)
    if organization_id is None:
        raise OrganizationMissing("the token is bound to no organization; name one: ?organization_id=…")
    return organization_id


@may_answer(ForeignOrganization)
def writable_scope(principal: NotificationsWrite, named: _Named = None) -> UUID | None:
    """Whose rows the request writes; None for those that belong to no organization, which a bound caller never gets."""
    return organization_of(principal, named)


ReadableOrganization = Annotated[UUID | None, Depends(readable_organization)]
WritableOrganization = Annotated[UUID, Depends(writable_organization)]
WritableScope = Annotated[UUID | None, Depends(writable_scope)]
