"""Shapes of the coupons API."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.payments.days import Moment
from services.payments.money.schemas import CurrencyCode, NonNegativeMinor, PositiveMinor

CouponCode = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{2,39}$", examples=["DIWALI10"]), AfterValidator(str.upper)]
Uses = Annotated[int, Field(strict=True, ge=1, le=1_000_000_000, examples=[1000])]


class CouponIn(BaseModel):
    """A coupon to create: a percentage or an amount."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"code": "DIWALI10", "percent_bp": 1000}]})

    code: CouponCode = Field(description="Capitals and small letters are the same.")
    percent_bp: int | None = Field(default=None, strict=True, ge=1, le=10_000, description="Basis points: 1000 is 10 %.")
    amount_minor: PositiveMinor | None = Field(default=None, description="Off the whole order, before tax.")
    minimum_minor: NonNegativeMinor = Field(default=0, description="What the order must come to before discount and tax.")
    currency: CurrencyCode | None = Field(default=None, description="Of amount_minor and minimum_minor; null: for any order.")
    valid_from: Moment | None = Field(default=None, description="Default: now.")
    valid_until: Moment | None = Field(default=None, description="No use at or after this moment. Null: for ever.")
    max_uses: Uses | None = Field(default=None, description="By all customers together. Null: without limit.")
    max_uses_per_customer: Uses | None = None

    @model_validator(mode="after")
    def fits_together(self) -> Self:
        """One kind of discount, and a currency where there are amounts."""
        if (self.percent_bp is None) == (self.amount_minor is None):
            raise ValueError("give either percent_bp or amount_minor")
        if self.currency is None and (self.amount_minor is not None or self.minimum_minor):
            raise ValueError("amounts need their currency")
        if self.valid_from is not None and self.valid_until is not None and self.valid_until <= self.valid_from:
            raise ValueError("valid_until must be later than valid_from")
        return self


class CouponChange(BaseModel):
    """What is to change; what is left out stays. What it takes off stays what it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"active": False}]})

    # Factories keep the defaults, which nobody reads, out of the documentation.
    active: bool = Field(default_factory=bool, strict=True)
    valid_until: Moment | None = Field(default_factory=lambda: None)
    max_uses: Uses | None = Field(default_factory=lambda: None)
    max_uses_per_customer: Uses | None = Field(default_factory=lambda: None)

    def values(self) -> dict[str, Any]:
        """What was sent, by column."""
        return self.model_dump(exclude_unset=True)


class CouponOut(BaseModel):
    """A coupon."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    code: str
    percent_bp: int | None
    amount_minor: int | None
    minimum_minor: int
    currency: str | None
    valid_from: datetime
    valid_until: datetime | None
    max_uses: int | None
    max_uses_per_customer: int | None
    uses: int = Field(description="By orders that were placed and not cancelled.")
    active: bool
    version: int = Field(description="The entity tag's number.")
    created_at: datetime
    created_by: str
