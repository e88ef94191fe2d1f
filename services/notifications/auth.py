"""Who may call the notifications service's endpoints, and whose rows they see. Endpoints take one of these aliases.

What belongs to no organization is written by callers who are bound to none and name none.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Security

from shared.runtime.auth.access import require
from shared.runtime.auth.principal import Principal
from shared.runtime.auth.tenancy import optional_organization

_READ, _WRITE = require("notifications:read"), require("notifications:write")

NotificationsRead = Annotated[Principal, Security(_READ)]
NotificationsWrite = Annotated[Principal, Security(_WRITE)]
NotificationsAdmin = Annotated[Principal, Security(require("notifications:admin"))]
ReadableOrganization = Annotated[UUID | None, optional_organization(_READ)]
WritableScope = Annotated[UUID | None, optional_organization(_WRITE)]
"""Whose rows the request writes; None for those that belong to no organization, which a bound caller never gets."""
