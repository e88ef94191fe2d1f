"""Whose rows a request means. A service's `auth.py` makes its aliases of these:

    ReadableOrganization = Annotated[UUID | None, optional_organization(_READ)]
    WritableOrganization = Annotated[UUID, required_organization(_WRITE)]

A caller who is bound to an organization reads and writes its rows alone; naming another one is refused. A caller who is bound
to none reads everybody's rows, or those of the organization that `organization_id` names, and must name one to write.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Security

from shared.runtime.auth.access import Requirement
from shared.runtime.auth.principal import Principal
from shared.runtime.errors import Forbidden, Invalid
from shared.runtime.http.problems import may_answer

NamedOrganization = Annotated[
    UUID | None,
    Query(alias="organization_id", description="Whose rows. A token that is bound to an organization implies its own."),
]


class ForeignOrganization(Forbidden):
    code, title = "foreign_organization", "Another organization's rows"


class OrganizationMissing(Invalid):
    code, title = "organization_missing", "The organization is not named"


class BoundToOrganization(Forbidden):
    code, title = "bound_to_organization", "Only for callers of no single organization"


def organization_of(principal: Principal, named: UUID | None) -> UUID | None:
    """Whose rows a caller means who has named an organization, or none. Raises ForeignOrganization."""
    bound = principal.organization_id
    if bound is not None and named not in (None, bound):
        raise ForeignOrganization("the token is bound to another organization; leave organization_id out, or use another token")
    return bound or named


def optional_organization(requirement: Requirement) -> Any:
    """Whose rows the request means; None where the caller is bound to none and names none."""

    @may_answer(ForeignOrganization)
    async def organization(
        principal: Annotated[Principal, Security(requirement)], named: NamedOrganization = None
    ) -> UUID | None:
        return organization_of(principal, named)

    return Depends(organization)


def required_organization(requirement: Requirement) -> Any:
    """Whose rows the request means, which must be somebody's."""

    @may_answer(ForeignOrganization, OrganizationMissing)
    async def organization(principal: Annotated[Principal, Security(requirement)], named: NamedOrganization = None) -> UUID:
        organization_id = organization_of(principal, named)
        if organization_id is None:
            raise OrganizationMissing("the token is bound to no organization; name one: ?organization_id=…")
        return organization_id

    return Depends(organization)


def overseeing(requirement: Requirement) -> Any:
    """Somebody who may do what concerns all organizations: a caller that is bound to none."""

    @may_answer(BoundToOrganization)
    async def overseer(principal: Annotated[Principal, Security(requirement)]) -> Principal:
        if principal.organization_id is not None:
            raise BoundToOrganization("this concerns all organizations; use a token that is bound to none")
        return principal

    return Depends(overseer)
