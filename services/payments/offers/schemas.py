"""Shapes of the offers API."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.payments.days import Day
from services.payments.manufacturers.schemas import MAX_UNITS, Quantity
from services.payments.offers.models import OfferStatus
from services.payments.texts import one_line

ShortReason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(one_line)]


class OfferLineOut(BaseModel):
    """A line that a manufacturer is asked for."""

    model_config = ConfigDict(from_attributes=True)

    line_number: int
    capability: str
    quantity: int
    unit_price_minor: int
    delivered_quantity: int


class OfferOut(BaseModel):
    """What a manufacturer is asked to make of an order."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    order_id: UUID
    manufacturer_id: UUID
    run_id: UUID
    round: int = Field(description="The how-manieth time that offers were made for the order.")
    status: OfferStatus
    currency: str
    total_minor: int = Field(description="Before tax, in the currency's minor units.")
    ready_on: date = Field(description="The day that the manufacturer promises by accepting it.")
    expires_at: datetime
    created_at: datetime
    accepted_at: datetime | None
    ended_at: datetime | None = Field(description="When it was declined, has expired or was withdrawn.")
    answered_by: str | None
    reason: str | None
    lines: list[OfferLineOut]


class ReasonIn(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: ShortReason = Field(examples=["No die free before April"])


class DeliveryIn(BaseModel):
    """What came of an accepted line."""

    model_config = ConfigDict(extra="forbid")

    line_number: int = Field(strict=True, ge=1, le=1_000_000)
    delivered_on: Day
    quantity: Quantity
    rejected: int = Field(default=0, strict=True, ge=0, le=MAX_UNITS, description="Units of them that were not good.")


class DeliveryOut(BaseModel):
    """A delivery, as it counts for the manufacturer."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    manufacturer_id: UUID
    offer_id: UUID
    line_number: int
    delivered_on: date
    quantity: int
    rejected: int
    on_time: bool = Field(description="Whether it came by the day that was promised.")
    payable_minor: int = Field(description="What is owed for the good units, in the currency's minor units.")
    currency: str
    recorded_at: datetime
    recorded_by: str


class AnswerForm(BaseModel):
    """What the page of an offer sends."""

    model_config = ConfigDict(extra="forbid")

    answer: Literal["accept", "decline"]
    reason: ShortReason | None = Field(default=None, description="Why it is declined.")
