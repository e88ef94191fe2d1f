"""What the API shows of customers' credit."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.message import UtcDatetime


class CreditEntryOut(BaseModel):
    """amount_minor: grants and refunds that failed are positive, all else negative."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    currency: str = Field(examples=["INR"])
    kind: Literal["grant", "apply", "expire", "refund", "refund_failed"]
    amount_minor: int
    source: str
    order_id: UUID | None
    invoice_id: UUID | None
    note: str | None
    at: UtcDatetime


class CreditBalanceOut(BaseModel):
    """What a customer has in one currency."""

    model_config = ConfigDict(from_attributes=True)

    currency: str = Field(examples=["INR"])
    balance_minor: int
