"""Who may call the notifications service's endpoints. Endpoints take one of these; see `shared.runtime.auth.access`."""

from typing import Annotated

from fastapi import Security

from shared.runtime.auth.access import require
from shared.runtime.auth.principal import Principal

NotificationsRead = Annotated[Principal, Security(require("notifications:read"))]
NotificationsWrite = Annotated[Principal, Security(require("notifications:write"))]
NotificationsAdmin = Annotated[Principal, Security(require("notifications:admin"))]
