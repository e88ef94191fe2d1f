"""Shapes of the order settings API."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.payments.customers.schemas import StateCode
from services.payments.tax.states import ABROAD


class OrderSettingsIn(BaseModel):
    """How an organization sells."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"tax": "gst", "state_code": "27"}]})

    tax: Literal["gst", "none"]
    state_code: StateCode | None = Field(default=None, description="Where it is registered for GST.")
    has_lut: bool = Field(default=False, strict=True, description="Exports go out under a letter of undertaking, without tax.")
    round_to_minor: int = Field(
        default=100, strict=True, ge=1, le=100_000, description="What totals in rupees are rounded to; 1 leaves them as they are."
    )
    price_tolerance_bp: int = Field(
        default=0, strict=True, ge=0, le=10_000, description="By how much a price may have risen and still be honoured."
    )
    pay_within_h: int = Field(default=72, strict=True, ge=1, le=8_760, description="How long an order waits for its money.")

    @model_validator(mode="after")
    def has_its_state(self) -> Self:
        """Who charges GST is registered in a state of India."""
        if (self.tax == "gst") != (self.state_code is not None):
            raise ValueError("state_code goes with tax `gst`, and without it there is none")
        if self.state_code == ABROAD:
            raise ValueError("who charges GST is registered in India")
        return self


class OrderSettingsOut(OrderSettingsIn):
    """The settings that count now."""

    model_config = ConfigDict(from_attributes=True)

    organization_id: UUID
    version: int = Field(description="The entity tag's number.")
    updated_at: datetime
    updated_by: str
