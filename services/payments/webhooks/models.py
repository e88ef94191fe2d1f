"""What gateways have reported, as it is stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

EventState = Literal["waiting", "applied", "ignored", "unreadable"]


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event that was verified. payload: sealed; None once it is pruned. created_at: at the gateway."""

    id: UUID
    gateway: str
    account: str
    event_id: str
    name: str
    entity_id: str
    created_at: datetime
    received_at: datetime
    applied_at: datetime | None
    state: EventState
    key_id: str | None
    payload: bytes | None
