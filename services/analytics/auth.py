"""Who may call the analytics service's endpoints, and whose rows they see. Endpoints take one of these aliases."""

from typing import Annotated
from uuid import UUID

from fastapi import Security

from shared.runtime.auth.access import require
from shared.runtime.auth.principal import Principal
from shared.runtime.auth.tenancy import optional_organization, overseeing
from shared.runtime.http.rate_limits import Limit

_READ = require("analytics:read")
# A batch holds thousands of events, and what arrives too fast is refused by the writer itself.
_INGEST = require("analytics:write", limit=Limit("ingest", "6000/minute"))

AnalyticsRead = Annotated[Principal, Security(_READ)]
AnalyticsWrite = Annotated[Principal, Security(require("analytics:write"))]
AnalyticsAdmin = Annotated[Principal, Security(require("analytics:admin"))]
ReadableOrganization = Annotated[UUID | None, optional_organization(_READ)]
IngestOrganization = Annotated[UUID | None, optional_organization(_INGEST)]
"""Whose events are sent; None for those of nobody."""
OverseeingReader = Annotated[Principal, overseeing(_READ)]
"""Somebody who sees what belongs to all organizations together."""
AnalyticsOverseer = Annotated[Principal, overseeing(require("analytics:admin"))]
"""Somebody who decides what holds for all organizations."""
AnalyticsOperator = Annotated[Principal, overseeing(require("analytics:write"))]
"""Somebody who looks after the task system, which does the work of all organizations."""
