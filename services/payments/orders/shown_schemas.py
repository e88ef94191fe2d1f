"""Shapes of the orders API: what is answered."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.payments.orders.models import OrderStatus, PaymentStatus, SupplyKind


class LineAmounts(BaseModel):
    """What a line comes to."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    sku: str
    name: str
    hsn_sac: str
    quantity: int
    unit_price_minor: int
    discount_minor: int
    tax_rate_bp: int
    taxable_minor: int
    cgst_minor: int
    sgst_minor: int
    utgst_minor: int
    igst_minor: int
    total_minor: int
    capability: str | None


class OrderLineOut(LineAmounts):
    """A line of an order."""

    fulfilled_quantity: int = 0
    cancelled_quantity: int = 0


class Totals(BaseModel):
    """What an order comes to: total = subtotal - discount + tax + round-off."""

    model_config = ConfigDict(from_attributes=True)

    currency: str
    subtotal_minor: int = Field(description="Before discount and tax.")
    discount_minor: int
    tax_minor: int
    round_off_minor: int
    total_minor: int
    supply_kind: SupplyKind
    supplier_state: str | None
    place_of_supply: str | None = Field(description="GST state; 96 is abroad.")


class Quote(Totals):
    """What an order would come to now."""

    lines: list[LineAmounts]


class OrderSummary(Totals):
    """An order without its lines."""

    id: UUID
    organization_id: UUID
    customer_id: UUID
    number: str = Field(examples=["260302-7K4FQ9"])
    status: OrderStatus
    payment_status: PaymentStatus
    cancelled_minor: int = Field(description="What of the total is owed no more.")
    paid_minor: int
    released_minor: int = Field(description="What was paid for pieces that were cancelled since.")
    refunded_minor: int
    due_minor: int = Field(description="What has still to be paid.")
    delivery: dict[str, Any]
    due_on: date | None = Field(description="When the customer wants it.")
    placed_at: datetime | None = Field(description="Null for a draft.")
    pay_until: datetime | None = Field(description="When it expires unless something of it is paid.")
    cart_id: UUID | None
    coupon_id: UUID | None
    subscription_id: UUID | None
    period_start: date | None
    cancelled_at: datetime | None
    version: int = Field(description="The entity tag's number.")
    created_at: datetime
    updated_at: datetime


class FulfilmentOut(BaseModel):
    """What went to the customer at once."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    lines: list[dict[str, int]] = Field(description="Number and quantity of each line.")
    carrier: str | None
    tracking_number: str | None
    tracking_url: str | None
    fulfilled_at: datetime
    fulfilled_by: str


class RefundLine(BaseModel):
    """What a cancellation takes off a line."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    sku: str
    quantity: int
    taxable_minor: int
    cgst_minor: int
    sgst_minor: int
    utgst_minor: int
    igst_minor: int
    total_minor: int


class RefundPlanOut(BaseModel):
    """What a cancellation takes off an order and gives back. What was delivered stays owed."""

    model_config = ConfigDict(from_attributes=True)

    currency: str
    lines: list[RefundLine]
    round_off_minor: int = Field(description="By how much more the order is rounded afterwards.")
    cancelled_minor: int = Field(
        description="What is owed no more: the lines and the round-off, but for what credit notes have taken off before."
    )
    refund_minor: int = Field(description="What was paid beyond what is still owed.")


class PlannedRefundOut(RefundPlanOut):
    """A refund that a cancellation has planned."""

    id: UUID
    order_version: int
    status: Literal["planned", "executing", "executed", "failed"]
    created_at: datetime
    created_by: str


class OrderOut(OrderSummary):
    """An order with its lines."""

    lines: list[OrderLineOut]


class OrderDetail(OrderOut):
    """An order with everything that belongs to it."""

    fulfilments: list[FulfilmentOut]
    refund_plans: list[PlannedRefundOut]


class OrderChangeOut(BaseModel):
    """What happened to an order, by whom and why."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(description="The version that it led to.")
    from_status: OrderStatus | None
    to_status: OrderStatus
    actor: str
    reason: str | None
    details: dict[str, Any] | None = Field(description="Lines, a payment, a parcel.")
    before: dict[str, Any] = Field(description="What has changed, as it was.")
    after: dict[str, Any]
    at: datetime
