"""Shapes of the carts API."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.payments.carts.models import CartStatus
from services.payments.catalog.models import MAX_QUANTITY
from services.payments.catalog.schemas import Sku
from services.payments.coupons.schemas import CouponCode
from services.payments.money.schemas import CurrencyCode

Quantity = Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY, examples=[2])]
Secret = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{43}$", description="What opens an anonymous cart.")]


class CartIn(BaseModel):
    """A cart to begin."""

    model_config = ConfigDict(extra="forbid")

    customer_id: UUID | None = Field(default=None, description="Null: an anonymous one, which a secret opens.")
    currency: CurrencyCode


class ItemIn(BaseModel):
    """How many of a product are to be in the cart."""

    model_config = ConfigDict(extra="forbid")

    quantity: Quantity


class NamedItemIn(ItemIn):
    """How many of which product are to be in the cart."""

    sku: Sku


class CouponOfCart(BaseModel):
    """The coupon that the order is to have."""

    model_config = ConfigDict(extra="forbid")

    code: CouponCode


class LockIn(BaseModel):
    """For how long nobody may change the cart."""

    model_config = ConfigDict(extra="forbid")

    minutes: int = Field(default=15, strict=True, ge=1, le=60)


class MergeIn(BaseModel):
    """An anonymous cart and the customer who turned out to be its owner."""

    model_config = ConfigDict(extra="forbid")

    secret: Secret
    customer_id: UUID


class CartItemOut(BaseModel):
    """A product in a cart, as the customer has seen it."""

    model_config = ConfigDict(from_attributes=True)

    sku: str
    name: str
    quantity: int
    unit_price_minor: int
    tax_rate_bp: int


class DifferenceOut(BaseModel):
    """What the catalogue says otherwise than the customer has seen."""

    model_config = ConfigDict(from_attributes=True)

    sku: str
    kind: Literal["price", "tax_rate", "unavailable"]
    old_unit_price_minor: int
    new_unit_price_minor: int | None
    old_tax_rate_bp: int | None
    new_tax_rate_bp: int | None


class AppliedCoupon(BaseModel):
    """What the coupon would take off now, or the code of why it would not."""

    code: str
    discount_minor: int | None
    problem: str | None = Field(examples=["coupon_minimum_not_reached"])


class CartSummary(BaseModel):
    """A cart without what is in it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    customer_id: UUID | None = Field(description="Null while it is anonymous.")
    status: CartStatus
    currency: str
    locked_until: datetime | None
    merged_into: UUID | None = Field(description="The cart that it went into.")
    version: int = Field(description="The entity tag's number.")
    created_at: datetime
    updated_at: datetime


class CartOut(CartSummary):
    """A cart."""

    items: list[CartItemOut] = Field(description="In the order in which they were added.")
    subtotal_minor: int = Field(description="At the prices that the customer has seen, before discount and tax.")
    coupon: AppliedCoupon | None
    changes: list[DifferenceOut] = Field(description="To be accepted before it can become an order.")
    order_id: UUID | None = Field(description="The order that it has become.")


class CartCreated(CartOut):
    """A new cart."""

    secret: str | None = Field(description="Of an anonymous cart; shown once, and kept as a hash alone.")


class CartMergedOut(CartOut):
    """The customer's cart after a merge."""

    capped: list[str] = Field(description="SKUs of which both carts together had more than a line may have.")
