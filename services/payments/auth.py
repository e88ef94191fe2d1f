"""Who may call the payments service's endpoints. Endpoints take one of these; see `shared.runtime.auth.access`."""

from typing import Annotated

from fastapi import Security

from shared.runtime.auth.access import require
from shared.runtime.auth.principal import Principal

PaymentsRead = Annotated[Principal, Security(require("payments:read"))]
PaymentsWrite = Annotated[Principal, Security(require("payments:write"))]
PaymentsAdmin = Annotated[Principal, Security(require("payments:admin"))]
