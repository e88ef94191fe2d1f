"""What the API takes and shows of refunds."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.payments.money.schemas import PositiveMoney
from shared.contracts.message import UtcDatetime


class RefundIn(BaseModel):
    """What is to be given back. amount: a part of it; all that is left without it."""

    model_config = ConfigDict(extra="forbid")

    amount: PositiveMoney | None = Field(default=None, examples=[{"amount_minor": 50000, "currency": "INR"}])
    reason: str = Field(min_length=1, max_length=500, examples=["damaged in transit"])


class RefundOut(BaseModel):
    """A refund. from_credit: it gives back what the customer had to their credit. reference: the bank's (ARN)."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    payment_id: UUID
    order_id: UUID | None
    plan_id: UUID | None
    amount_minor: int
    currency: str = Field(examples=["INR"])
    from_credit: bool
    status: Literal["awaiting_approval", "requested", "pending", "processed", "failed", "rejected"]
    reason: str
    failure: str | None
    gateway_refund_id: str | None
    reference: str | None
    requested_by: str
    approved_by: str | None
    requested_at: UtcDatetime
    updated_at: UtcDatetime
    processed_at: UtcDatetime | None
