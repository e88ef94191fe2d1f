"""The audit as its readers see it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from shared.runtime.operations.schemas import Shown


class AuditLine(Shown):
    """One change that somebody made."""

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    reason: str | None
    details: dict[str, Any]
    undo_id: UUID | None
