"""Who may call the trips service's endpoints, and whose rows they see. Endpoints take one of these aliases."""

from typing import Annotated
from uuid import UUID

from fastapi import Security

from shared.runtime.auth.access import require
from shared.runtime.auth.principal import Principal
from shared.runtime.auth.tenancy import optional_organization, required_organization

_READ, _WRITE, _ADMIN = require("trips:read"), require("trips:write"), require("trips:admin")

TripsRead = Annotated[Principal, Security(_READ)]
TripsWrite = Annotated[Principal, Security(_WRITE)]
TripsAdmin = Annotated[Principal, Security(_ADMIN)]
ReadableOrganization = Annotated[UUID | None, optional_organization(_READ)]
OneOrganization = Annotated[UUID, required_organization(_READ)]
"""Whose rows are read, where those of several cannot be shown together."""
WritableOrganization = Annotated[UUID, required_organization(_WRITE)]
