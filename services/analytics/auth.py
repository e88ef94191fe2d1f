"""Who may call the analytics service's endpoints. Endpoints take one of these; see `shared.runtime.auth.access`."""

from typing import Annotated

from fastapi import Security

from shared.runtime.auth.access import require
from shared.runtime.auth.principal import Principal

AnalyticsRead = Annotated[Principal, Security(require("analytics:read"))]
AnalyticsWrite = Annotated[Principal, Security(require("analytics:write"))]
AnalyticsAdmin = Annotated[Principal, Security(require("analytics:admin"))]
