"""Who may call the analytics service's endpoints, and whose rows they see. Endpoints take one of these aliases.

A caller who is bound to an organization reads and writes its rows alone; naming another one is refused. A caller who is
bound to none reads everybody's rows, or those of the organization that `organization_id` names, and must name one to write.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Security

from shared.runtime.auth.access import require
from shared.runtime.auth.principal import Principal
from shared.runtime.errors import Forbidden, Invalid
from shared.runtime.http.problems import may_answer

AnalyticsRead = Annotated[Principal, Security(require("analytics:read"))]
AnalyticsWrite = Annotated[Principal, Security(require("analytics:write"))]
AnalyticsAdmin = Annotated[Principal, Security(require("analytics:admin"))]

_Named = Annotated[
    UUID | None,
    Query(alias="organization_id", description="Whose rows. A token that is bound to an organization implies its own."),
]


class ForeignOrganization(Forbidden):
    code, title = "foreign_organization", "Another organization's rows"


class OrganizationMissing(Invalid):
    code, title = "organization_missing", "The organization is not named"


class BoundToOrganization(Forbidden):
    code, title = "bound_to_organization", "Only for callers of no single organization"


def _organization(principal: Principal, named: UUID | None) -> UUID | None:
    bound = principal.organization_id
    if bound is not None and named not in (None, bound):
        raise ForeignOrganization("the token is bound to another organization; leave organization_id out, or use another token")
    return bound or named


@may_answer(ForeignOrganization)
def readable_organization(principal: AnalyticsRead, named: _Named = None) -> UUID | None:
    """Whose rows the request may read; None for everybody's."""
    return _organization(principal, named)


@may_answer(ForeignOrganization, OrganizationMissing)
def writable_organization(principal: AnalyticsWrite, named: _Named = None) -> UUID:
    """Whose rows the request writes."""
    organization_id = _organization(principal, named)
    if organization_id is None:
        raise OrganizationMissing("the token is bound to no organization; name one: ?organization_id=…")
    return organization_id


def _unbound(principal: Principal) -> Principal:
    if principal.organization_id is not None:
        raise BoundToOrganization("this concerns all organizations; use a token that is bound to none")
    return principal


@may_answer(BoundToOrganization)
def overseeing_reader(principal: AnalyticsRead) -> Principal:
    """Somebody who may read what concerns all organizations."""
    return _unbound(principal)


@may_answer(BoundToOrganization)
def overseeing_writer(principal: AnalyticsWrite) -> Principal:
    """Somebody who may start what concerns all organizations."""
    return _unbound(principal)


ReadableOrganization = Annotated[UUID | None, Depends(readable_organization)]
WritableOrganization = Annotated[UUID, Depends(writable_organization)]
OverseeingRead = Annotated[Principal, Depends(overseeing_reader)]
OverseeingWrite = Annotated[Principal, Depends(overseeing_writer)]
