"""Shapes of the order settings API."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.payments.orders.models import USUAL_PAY_WITHIN_H, USUAL_PRICE_TOLERANCE_BP


class OrderSettingsIn(BaseModel):
    """On what terms an organization sells; how that is taxed is its legal entity's to say."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"price_tolerance_bp": 100, "pay_within_h": 48}]})

    price_tolerance_bp: int = Field(
        default=USUAL_PRICE_TOLERANCE_BP,
        strict=True,
        ge=0,
        le=10_000,
        description="By how much a price may have risen and still be honoured.",
    )
    pay_within_h: int = Field(
        default=USUAL_PAY_WITHIN_H, strict=True, ge=1, le=8_760, description="How long an order waits for its money."
    )


class OrderSettingsOut(OrderSettingsIn):
    """The settings that count now."""

    model_config = ConfigDict(from_attributes=True)

    organization_id: UUID
    version: int = Field(description="The entity tag's number; 0 for the usual ones, which nobody has written.")
    updated_at: datetime | None = None
    updated_by: str | None = None
