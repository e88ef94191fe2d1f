"""Who may call the analytics service's endpoints, and whose rows they see. Endpoints take one of these aliases."""

from typing import Annotated
from uuid import UUID

from fastapi import Security

from shared.runtime.auth.access import require
from shared.runtime.auth.principal import Principal
from shared.runtime.auth.tenancy import optional_organization

_READ = require("analytics:read")

AnalyticsRead = Annotated[Principal, Security(_READ)]
AnalyticsWrite = Annotated[Principal, Security(require("analytics:write"))]
AnalyticsAdmin = Annotated[Principal, Security(require("analytics:admin"))]
ReadableOrganization = Annotated[UUID | None, optional_organization(_READ)]
