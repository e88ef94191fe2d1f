"""What the API shows of disputes."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.message import UtcDatetime


class DisputeOut(BaseModel):
    """A dispute. deducted_minor: what the gateway has taken from us for it so far. respond_by: until then evidence is wanted."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    payment_id: UUID | None
    gateway: str
    gateway_dispute_id: str
    gateway_payment_id: str
    status: Literal["open", "under_review", "won", "lost", "closed"]
    amount_minor: int
    deducted_minor: int
    currency: str
    reason: str | None
    respond_by: UtcDatetime | None
    opened_at: UtcDatetime
    decided_at: UtcDatetime | None
