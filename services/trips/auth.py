"""Who may call the trips service's endpoints. Endpoints take one of these; see `shared.runtime.auth.access`."""

from typing import Annotated

from fastapi import Security

from shared.runtime.auth.access import require
from shared.runtime.auth.principal import Principal

TripsRead = Annotated[Principal, Security(require("trips:read"))]
TripsWrite = Annotated[Principal, Security(require("trips:write"))]
TripsAdmin = Annotated[Principal, Security(require("trips:admin"))]
