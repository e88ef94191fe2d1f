"""Shapes of notices that precede debits of mandates."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class NoticeOut(BaseModel):
    """A notice. number: which one of the period. detail: why it failed."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    start_on: date = Field(description="The first day of the period.")
    number: int
    payment_method_id: UUID
    currency: str
    amount_minor: int
    charge_after: datetime = Field(description="The debit is not made before.")
    status: Literal["wanted", "asked", "delivered", "failed", "spent"]
    detail: str | None
    asked_at: datetime | None
    delivered_at: datetime | None
