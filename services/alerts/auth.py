"""Who may call the alerts service's endpoints, and whose rows they see. Endpoints take one of these aliases."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Security

from services.alerts.policies.models import Writer
from shared.runtime.auth.access import require
from shared.runtime.auth.principal import Principal
from shared.runtime.auth.tenancy import (
    ForeignOrganization,
    NamedOrganization,
    optional_organization,
    organization_of,
    overseeing,
    required_organization,
)
from shared.runtime.http.problems import may_answer

_READ, _WRITE = require("alerts:read"), require("alerts:write")

AlertsRead = Annotated[Principal, Security(_READ)]
AlertsWrite = Annotated[Principal, Security(_WRITE)]
AlertsAdmin = Annotated[Principal, Security(require("alerts:admin"))]
ReadableOrganization = Annotated[UUID | None, optional_organization(_READ)]
WritableOrganization = Annotated[UUID, required_organization(_WRITE)]
OverseeingRead = Annotated[Principal, overseeing(_READ)]
OverseeingWrite = Annotated[Principal, overseeing(_WRITE)]


@may_answer(ForeignOrganization)
async def policy_writer(principal: AlertsWrite, named: NamedOrganization = None) -> Writer:
    """Somebody who writes policies: an organization's, or with alerts:admin and a token bound to none those for all."""
    overseer = principal.organization_id is None and principal.may("alerts:admin")
    return Writer(principal.id, organization_of(principal, named), writes_defaults=overseer)


PolicyWriter = Annotated[Writer, Depends(policy_writer)]
