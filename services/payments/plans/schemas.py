"""Shapes of the plans API."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.payments.catalog.schemas import HsnSac, RateBp, Sku
from services.payments.money.schemas import CurrencyCode, NonNegativeMinor
from services.payments.periods.models import Interval
from services.payments.texts import LongText

MOST_LINES = 50
Quantity = Annotated[int, Field(strict=True, ge=1, le=10_000)]


class ChargeIn(BaseModel):
    """What a plan that delivers nothing charges for."""

    model_config = ConfigDict(extra="forbid")

    description: LongText | None = Field(default=None, description="On the invoice; null: the plan's name.")
    sac: HsnSac = Field(examples=["998439"])
    unit_price_minor: NonNegativeMinor = Field(description="For one in a whole period, before tax.", examples=[49900])
    tax_rate_bp: RateBp


class ItemIn(BaseModel):
    """A product that a plan delivers in each period, at the catalogue's price of now if none is given."""

    model_config = ConfigDict(extra="forbid")

    sku: Sku
    quantity: Quantity = 1
    unit_price_minor: NonNegativeMinor | None = None


class VersionIn(BaseModel):
    """The terms of a plan. Either `charge`, or `items` that are delivered in each period."""

    model_config = ConfigDict(extra="forbid")

    name: LongText = Field(examples=["Pro, monthly"])
    currency: CurrencyCode = "INR"
    interval: Interval = Interval.MONTH
    interval_count: int = Field(default=1, strict=True, ge=1, le=365)
    trial_days: int = Field(default=0, strict=True, ge=0, le=730)
    min_quantity: Quantity = 1
    max_quantity: Quantity = 1
    charge: ChargeIn | None = None
    items: list[ItemIn] = Field(default_factory=list, max_length=MOST_LINES)

    @model_validator(mode="after")
    def _charges_for_something(self) -> Self:
        if (self.charge is None) == (not self.items):
            raise ValueError("send charge, or items that are delivered; not both")
        if self.max_quantity < self.min_quantity:
            raise ValueError("max_quantity is below min_quantity")
        if len({item.sku for item in self.items}) != len(self.items):
            raise ValueError("each SKU is named once; raise its quantity")
        return self


class PlanIn(VersionIn):
    """A plan to create, with its first version."""

    code: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]{0,63}$", examples=["pro-monthly"])]


class PlanChange(BaseModel):
    """Whether anybody can subscribe. Those who have, keep their subscriptions."""

    model_config = ConfigDict(extra="forbid")

    active: bool = Field(strict=True)


class LineOut(BaseModel):
    """What one of a plan comes to in a period, before tax."""

    sku: str | None
    name: str
    hsn_sac: str
    quantity: int
    unit_price_minor: int
    tax_rate_bp: int


class VersionOut(BaseModel):
    """The terms of a plan at a version."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: int
    name: str
    currency: str
    interval: Interval = Field(validation_alias="interval_unit")
    interval_count: int
    trial_days: int
    min_quantity: int
    max_quantity: int
    delivers: bool
    lines: list[LineOut]
    created_at: datetime
    created_by: str


class PlanOut(BaseModel):
    """A plan with its newest terms."""

    id: UUID
    organization_id: UUID
    code: str
    active: bool
    version: int
    updated_at: datetime
    terms: VersionOut

    @classmethod
    def of(cls, plan: Any, version: Any) -> Self:
        """As it is shown."""
        own = {name: getattr(plan, name) for name in ("id", "organization_id", "code", "active", "version", "updated_at")}
        return cls(**own, terms=VersionOut.model_validate(version))
