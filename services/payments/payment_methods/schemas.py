"""What the API shows of stored payment methods."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.message import UtcDatetime


class PaymentMethodOut(BaseModel):
    """A stored method: what may be shown of it, never the thing itself."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    customer_id: UUID
    gateway: str = Field(examples=["razorpay"])
    account: str
    kind: str = Field(examples=["card"])
    label: str = Field(examples=["Visa 1111"])
    max_amount_minor: int | None = Field(description="The most that one charge may take under its mandate.")
    expires_at: UtcDatetime | None
    status: Literal["initiated", "confirmed", "rejected", "paused", "cancelled", "expired"]
    reason: str | None
    created_at: UtcDatetime
    updated_at: UtcDatetime
